"""From what the PKCS#11 library raises to what must be done about it (signing.md 9.3).

Owns the taxonomy and nothing else: no module, no session, no PIN.
"""

from __future__ import annotations

from pkcs11 import exceptions as p11

from hsm.api import FaultClass, SigningError

_LOCKED = (p11.PinLocked, p11.PinExpired, p11.UserPinNotInitialized)
_WRONG_PIN = (p11.PinIncorrect, p11.PinInvalid, p11.PinLenRange)
_LOST = (
    p11.DeviceRemoved,
    p11.TokenNotPresent,
    p11.TokenNotRecognised,
    p11.SlotIDInvalid,
    p11.SessionHandleInvalid,
    p11.SessionClosed,
    p11.KeyHandleInvalid,
    p11.ObjectHandleInvalid,
    p11.NoSuchToken,
)
_REFUSED = (
    p11.MechanismInvalid,
    p11.MechanismParamInvalid,
    p11.KeySizeRange,
    p11.FunctionNotSupported,
    p11.MultipleObjectsReturned,
    p11.NoSuchKey,
    p11.KeyTypeInconsistent,
    p11.ArgumentsBad,
)
_NOT_PERMITTED = "0x68"
"""CKR_KEY_FUNCTION_NOT_PERMITTED: the library has no class for it and says the number."""


def classify(error: Exception, site: str) -> SigningError:
    """The SigningError for what the library raised at a call site ("load", "open", "login", "find" or "sign").

    By site first: some modules answer a wrong PIN with a general error, so whatever C_Login raises counts as a spent
    try. A wrong PIN at "sign" comes from the login a token may want at every signature.
    """
    name = type(error).__name__
    detail = f"{site}: {name} {error}".rstrip()
    if isinstance(error, _LOCKED):
        return SigningError(FaultClass.AUTH_LOCKED, "pin-locked", detail)
    if isinstance(error, _LOST):
        return SigningError(FaultClass.TOKEN_LOST, "token-lost", detail)
    if site == "login" or isinstance(error, _WRONG_PIN):
        return SigningError(FaultClass.AUTH_WRONG, "pin-wrong", detail)
    if isinstance(error, p11.UserNotLoggedIn):
        return SigningError(FaultClass.AUTH_LOST, "not-logged-in", detail)
    if isinstance(error, _REFUSED) or _NOT_PERMITTED in str(error):
        return SigningError(FaultClass.CONFIG, "token-refuses", detail)
    return SigningError(FaultClass.DEVICE, "device-fault", detail)
