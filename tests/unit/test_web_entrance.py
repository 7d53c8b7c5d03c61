"""Coming in and going out by the pages: sign-in, a lock in words, recovery, first run, one's own account, users."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from appliance.accounts import acts, hashing
from appliance.config import Config
from appliance.store import Store
from appliance.store import accounts as rows
from appliance.store.standing import Role
from tests.fixtures_store import Clock
from tests.fixtures_web import ADMINISTRATOR, CLERK, LEADER, Visitor, visiting

PASSWORD, OTHER = "con trâu đi trước 7", "cái cày theo sau 9"
PAGE = {"Accept": "text/html"}


@pytest.fixture(autouse=True)
def cheap(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords at their lowest price."""
    monkeypatch.setattr(hashing, "MEMORY_KIB", 8)
    monkeypatch.setattr(hashing, "PASSES", 1)
    monkeypatch.setattr(hashing, "_COST", "$argon2id$v=19$m=8,t=1,p=1$")
    monkeypatch.setattr(hashing, "_NOBODY", "")


@pytest.fixture
def lan(store: Store, web_clock: Clock) -> rows.Account:
    """A clerk with a password, beside an administrator."""
    now = web_clock()
    acts.add(store, "binh", "Hoàng Văn Bình", Role.ADMINISTRATOR, PASSWORD, "test", now, must_change=False)
    return acts.add(store, "lan", "Trần Thị Lan", Role.CLERK, PASSWORD, "test", now, must_change=False)


async def enter(visitor: Visitor, login: str, password: str, onward: str = "/") -> tuple[int, str, str]:
    """Sign in by the form; the visitor then knows the token of its forms."""
    answer = await visitor.post("/sign-in", {"login": login, "password": password, "next": onward})
    if answer[0] == 303:
        visitor.token = await token(visitor)
    return answer


async def token(visitor: Visitor) -> str:
    """The token that the pages carry."""
    _, text = await visitor.get("/me")
    found = re.search(r'data-csrf="(\w+)"', text)
    assert found, text
    return found.group(1)


def told(store: Store, account_id: str) -> list[str]:
    """What happened to an account."""
    return [event for _at, _by, event, _detail in store.read(lambda db: rows.told(db, account_id))]


# --- signing in ------------------------------------------------------------------------------------------------------


async def test_a_password_becomes_a_session_and_signing_out_ends_it(
    stranger: Visitor, store: Store, lan: rows.Account
) -> None:
    assert (await enter(stranger, "Lan", PASSWORD, "/search"))[:2] == (303, "/search")
    (cookie,) = stranger.session.cookie_jar
    assert (cookie.key, cookie["httponly"], cookie["samesite"], cookie["max-age"]) == (
        "commune-box-session", True, "Strict", ""
    )  # fmt: skip
    state, text = await stranger.get("/")
    assert state == 200 and "Trần Thị Lan" in text and "văn thư" in text
    kept = cookie.value
    assert (await stranger.post("/sign-out"))[:2] == (303, "/sign-in?said=signed-out")
    stranger.session.cookie_jar.update_cookies({"commune-box-session": kept})
    assert (await stranger.get("/"))[0] == 401, "the cookie of before opens nothing"
    assert told(store, lan.id) == ["account-made", "signed-in", "signed-out"]


async def test_a_wrong_password_is_told_in_words_and_keeps_the_login_name(stranger: Visitor, lan: rows.Account) -> None:
    state, _, text = await enter(stranger, "lan", OTHER, "/search")
    assert state == 422 and "Tên đăng nhập hoặc mật khẩu không đúng" in text
    assert 'value="lan"' in text and 'value="/search"' in text and OTHER not in text
    _, _, unknown = await enter(stranger, "nobody", OTHER)
    assert "Tên đăng nhập hoặc mật khẩu không đúng" in unknown


async def test_a_locked_account_says_until_when_and_whom_to_call(
    stranger: Visitor, lan: rows.Account, web_clock: Clock
) -> None:
    for _ in range(5):
        _, _, text = await enter(stranger, "lan", OTHER)
    assert "tạm khóa đến 09:01" in text and "quản trị của hộp" in text and "mã khôi phục" in text
    state, _, text = await enter(stranger, "lan", PASSWORD)
    assert state == 422 and "tạm khóa" in text, "the right password does not open a locked account"
    web_clock.now += timedelta(seconds=30)
    assert (await enter(stranger, "lan", PASSWORD))[0] == 303


@pytest.mark.parametrize("path", ["//evil.example.com", "https://evil.example.com", "/\\evil", "x", "/\x00"])
async def test_signing_in_never_leads_away(stranger: Visitor, lan: rows.Account, path: str) -> None:
    assert (await enter(stranger, "lan", PASSWORD, path))[:2] == (303, "/")


async def test_a_form_that_came_too_late_leads_back_to_its_page(stranger: Visitor, web_clock: Clock) -> None:
    await stranger.become(LEADER)
    web_clock.now += timedelta(minutes=11)
    headers = {"Origin": "http://hop", "Referer": "http://hop/papers/abc?login=x"}
    state, _, text = await stranger.post("/papers/abc/do/approve", {"version": "1"}, headers)
    assert state == 401 and 'href="/sign-in?next=/papers/abc"' in text and "phiên làm việc đã hết" in text


async def test_another_person_at_the_same_browser_ends_the_session_of_before(
    stranger: Visitor, store: Store, lan: rows.Account
) -> None:
    await enter(stranger, "lan", PASSWORD)
    await enter(stranger, "binh", PASSWORD)
    assert "Hoàng Văn Bình" in (await stranger.get("/me"))[1]
    assert store.read(lambda db: db.execute("SELECT count(*) FROM sessions").fetchone()[0]) == 1


async def test_too_many_at_once_are_asked_to_wait(stranger: Visitor, lan: rows.Account, monkeypatch: object) -> None:
    import appliance.web.entrance as entrance

    assert isinstance(monkeypatch, pytest.MonkeyPatch)
    monkeypatch.setattr(entrance, "MOST_WAITING", 0)
    state, _, text = await enter(stranger, "lan", PASSWORD)
    assert state == 422 and "Quá nhiều người" in text


# --- how long a session lasts ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("who", "minutes"), [(CLERK, 30), (LEADER, 10)])
async def test_a_session_ends_without_use_and_a_page_that_refreshes_itself_is_no_use(
    stranger: Visitor, web_clock: Clock, who: dict[str, str], minutes: int
) -> None:
    await stranger.become(who)
    for _ in range(4):
        web_clock.now += timedelta(minutes=minutes - 1)
        assert (await stranger.get("/"))[0] == 200, "each use prolongs it"
    for _ in range(minutes - 1):
        web_clock.now += timedelta(minutes=1)
        assert (await stranger.get("/", headers={"X-Commune-Live": "1"}))[0] == 200
    web_clock.now += timedelta(minutes=1)
    assert (await stranger.get("/"))[0] == 401


async def test_no_session_lasts_longer_than_twelve_hours(stranger: Visitor, web_clock: Clock) -> None:
    await stranger.become(CLERK)
    for _ in range(12 * 4 - 1):
        web_clock.now += timedelta(minutes=15)
        assert (await stranger.get("/me"))[0] == 200
    web_clock.now += timedelta(minutes=15)
    assert (await stranger.get("/me"))[0] == 401


async def test_the_use_of_a_session_outlives_a_restart_and_is_not_written_for_every_page(
    store: Store, office: Config, web_clock: Clock
) -> None:
    async with visiting(office, store, web_clock) as one:
        await one.become(CLERK)
        (cookie,) = one.session.cookie_jar
        before = store.read(lambda db: db.execute("SELECT last_seen FROM sessions").fetchone()[0])
        web_clock.now += timedelta(minutes=5)
        await one.get("/me")
        assert store.read(lambda db: db.execute("SELECT last_seen FROM sessions").fetchone()[0]) == before
        web_clock.now += timedelta(minutes=20)
        await one.get("/me")
    web_clock.now += timedelta(minutes=20)
    async with visiting(office, store, web_clock) as again:
        again.session.cookie_jar.update_cookies({cookie.key: cookie.value})
        assert (await again.get("/me"))[0] == 200


# --- one's own account -----------------------------------------------------------------------------------------------


async def test_a_first_password_is_changed_before_anything_else(
    stranger: Visitor, store: Store, lan: rows.Account, web_clock: Clock
) -> None:
    acts.set_password(store, lan.id, OTHER, "test", web_clock())
    assert (await enter(stranger, "lan", OTHER))[:2] == (303, "/me")
    async with stranger.session.get("http://hop/", allow_redirects=False) as answer:
        assert (answer.status, answer.headers["Location"]) == (303, "/me")
    assert (await stranger.post("/verify"))[:2] == (303, "/me")
    form = {"old": OTHER, "password": PASSWORD, "again": PASSWORD}
    assert (await stranger.post("/me/password", form))[:2] == (303, "/me?said=password-changed")
    assert (await stranger.get("/"))[0] == 200


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({"old": OTHER}, "Mật khẩu hiện tại không đúng"),
        ({"again": PASSWORD}, "không giống nhau"),
        ({"password": "ngắn", "again": "ngắn"}, "ít nhất 10 ký tự"),
        ({"password": PASSWORD, "again": PASSWORD}, "phải khác"),
        ({"password": "tran thi lan 1", "again": "tran thi lan 1"}, "tên của bạn"),
    ],
)
async def test_a_new_password_that_cannot_be_is_said(
    stranger: Visitor, lan: rows.Account, changed: dict[str, str], said: str
) -> None:
    await enter(stranger, "lan", PASSWORD)
    state, _, text = await stranger.post("/me/password", {"old": PASSWORD, "password": OTHER, "again": OTHER} | changed)
    assert state == 422 and said in text
    assert not [secret for secret in (PASSWORD, OTHER) if secret in text]


async def test_recovery_codes_are_shown_once_and_open_the_account_again(
    stranger: Visitor, store: Store, lan: rows.Account
) -> None:
    await enter(stranger, "lan", PASSWORD)
    _, _, page = await stranger.post("/me/recovery-codes")
    codes = re.findall(r"<li><code>([0-9A-Z-]{23})</code>", page)
    assert len(set(codes)) == 10
    await stranger.post("/sign-out")
    form = {"login": "lan", "code": codes[4].lower(), "password": OTHER, "again": OTHER}
    state, _, text = await stranger.post("/sign-in/recovery", form | {"code": "AAAAA-AAAAA"})
    assert state == 422 and "mã khôi phục không đúng" in text
    assert (await stranger.post("/sign-in/recovery", form))[:2] == (303, "/me?said=recovered")
    _, text = await stranger.get("/me?said=recovered")
    assert "Hãy gạch mã vừa dùng" in text and "<dd>9</dd>" in text
    assert "recovery-code-used" in told(store, lan.id)


# --- the first run ---------------------------------------------------------------------------------------------------


async def test_the_first_run_makes_the_administrator_and_is_over(
    stranger: Visitor, store: Store, web_clock: Clock
) -> None:
    async with stranger.session.get("http://hop/", headers=PAGE, allow_redirects=False) as answer:
        assert answer.headers["Location"] == "/first-run"
    code = acts.offer_first_run(store, web_clock())
    form = {"code": code, "login": "binh", "name": "Hoàng Văn Bình", "password": PASSWORD, "again": PASSWORD}
    for wrong, said in (
        ({"code": "AAAAA-BBBBB"}, "Mã dùng lần đầu không đúng"),
        ({"login": "2 binh"}, "chữ không dấu"),
        ({"again": OTHER}, "không giống nhau"),
    ):
        state, _, text = await stranger.post("/first-run", form | wrong)
        assert state == 422 and said in text and "Hoàng Văn Bình" in text and PASSWORD not in text
    assert store.read(rows.count) == 0
    state, _, text = await stranger.post("/first-run", form)
    assert state == 200 and len(re.findall(r"<li><code>", text)) == 10
    assert (await stranger.get("/users"))[0] == 200, "signed in as the administrator"
    assert (await stranger.post("/first-run", form | {"login": "x2"}))[0] == 422
    async with stranger.session.get("http://hop/first-run", allow_redirects=False) as answer:
        assert answer.headers["Location"] == "/sign-in"


# --- the administrator's page ----------------------------------------------------------------------------------------


async def test_the_administrator_adds_somebody_who_then_signs_in(
    visitor: Visitor, store: Store, office: Config, web_clock: Clock
) -> None:
    await visitor.become(ADMINISTRATOR)
    form = {"name": "Lò Thị Mây", "login": "may", "role": "quet"}
    state, _, text = await visitor.post("/users", list(form.items()))
    found = re.findall(r'<code class="big">([^<]+)</code>', text)
    assert state == 200 and found[0] == "may"
    _, again = await visitor.get("/users")
    assert "Lò Thị Mây" in again and found[1] not in again and "chưa đổi mật khẩu đầu tiên" in again
    async with visiting(office, store, web_clock) as other:
        assert (await enter(other, "may", found[1]))[:2] == (303, "/me")
    state, _, text = await visitor.post("/users", list((form | {"login": "May"}).items()))
    assert state == 422 and "Đã có người dùng tên đăng nhập “may”" in text
    state, _, text = await visitor.post("/users", list((form | {"login": "x1", "role": "vua"}).items()))
    assert state == 422 and "Hãy chọn vai trò" in text


async def test_the_administrator_changes_blocks_and_opens_again(
    visitor: Visitor, store: Store, lan: rows.Account, office: Config, web_clock: Clock
) -> None:
    await visitor.become(ADMINISTRATOR)
    page = f"/users/{lan.id}"
    async with visiting(office, store, web_clock) as other:
        await enter(other, "lan", PASSWORD)
        assert (await visitor.post(f"{page}/do/sign-out"))[1] == f"{page}?said=user-sign-out"
        assert (await other.get("/"))[0] == 401
        await enter(other, "lan", PASSWORD)
        await visitor.post(f"{page}/do/block")
        assert (await other.get("/"))[0] == 401
        _, _, text = await enter(other, "lan", PASSWORD)
        assert "đã bị khóa" in text
        await visitor.post(f"{page}/do/unblock")
        assert (await enter(other, "lan", PASSWORD))[0] == 303
        await visitor.post(f"{page}/do/change", [("name", "Trần Thị Lan"), ("role", "xem")])
        assert (await other.get("/"))[0] == 401, "another role begins with another sign-in"
        _, _, text = await visitor.post(f"{page}/do/password")
        (_login, password) = re.findall(r'<code class="big">([^<]+)</code>', text)
        assert (await enter(other, "lan", PASSWORD))[0] == 422
        assert (await enter(other, "lan", password))[:2] == (303, "/me")
    _, text = await visitor.get(page)
    for line in ("Khóa tài khoản", "Mở lại tài khoản", "Quản trị đặt mật khẩu mới", "Hoàng Văn Bình (quản trị)"):
        assert line in text
    assert (await visitor.post(f"{page}/do/dance"))[0] == 404
    assert (await visitor.post("/users/none/do/block"))[0] == 404


async def test_the_administrator_sees_what_happened_to_all_accounts(
    visitor: Visitor, stranger: Visitor, lan: rows.Account
) -> None:
    await enter(stranger, "nobody", OTHER)
    await enter(stranger, "lan", OTHER)
    await enter(stranger, "lan", PASSWORD)
    await visitor.become(ADMINISTRATOR)
    _, text = await visitor.get("/users")
    recent = text[text.index("Hoạt động gần đây") :]
    lines = [re.sub(r"\s+|<[^>]+>", " ", one).split(" ", 3)[3].strip() for one in re.findall(r"<li>(.*?)</li>", recent)]
    assert len(lines) == 5, lines
    assert [("Trần Thị Lan" in one, "không được" in one) for one in lines[:3]] == [
        (True, False), (True, True), (False, True)
    ]  # fmt: skip


async def test_the_last_administrator_cannot_be_blocked(visitor: Visitor, store: Store) -> None:
    await visitor.become(ADMINISTRATOR)
    (only,) = store.read(rows.administrators)
    state, _, text = await visitor.post(f"/users/{only}/do/block")
    assert state == 422 and "quản trị cuối cùng" in text
    assert (await visitor.get("/users"))[0] == 200
