"""Words for people: Vietnamese is the source language, English comes from the gettext catalogue.

Owns translation (``_``, ``N_``, ``speak``) and the one table from stable error codes to sentences (``text_of``). A
catalogue is read from its .po file at first use, so there is no build step that could be forgotten. Refuses to decide
anything: a code that is not in the table is shown as it is, with its parameters, and a test finds it.
"""

from __future__ import annotations

from appliance.wording.catalogue import N_, _, current_language, speak, translate
from appliance.wording.codes import CODES, text_of

__all__ = ["CODES", "N_", "_", "current_language", "speak", "text_of", "translate"]
