"""The guided tour of the clerk's desk: its steps, and which of them a page shows to whom.

Words and places only, so that the frame of every page can ask; what people do with it is ``appliance.web.tour``.
"""

from __future__ import annotations

from dataclasses import dataclass

from aiohttp import web

from appliance.store import Store, tours
from appliance.store.standing import Role
from appliance.web.people import Person
from appliance.wording import N_

TOUR = "clerk"


@dataclass(frozen=True)
class TourStep:
    """One step: the page it stands on, what of that page it is about (``tour.css``), its words."""

    page: str
    mark: str
    title: str
    words: str

    def stands_on(self, path: str) -> bool:
        """Whether ``path`` shows the page: an address itself, or a paper on the desk."""
        on_the_desk = self.page == "/desk" and path.startswith("/desk/") and path != "/desk/many"
        return path == self.page or on_the_desk


STEPS = (
    TourStep(
        "/", "figures", N_("Bốn số của hôm nay"),
        N_("“Chờ tôi” là việc của bạn. Bấm vào một số để chỉ xem những văn bản ấy."),
    ),
    TourStep(
        "/", "line", N_("Đường truyền lên tỉnh"),
        N_(
            "Dòng này nói hộp có nối được với tỉnh không. "
            "Mất mạng bạn vẫn làm việc bình thường: văn bản chờ trong hộp."
        ),
    ),
    TourStep(
        "/desk", "desk", N_("Bàn văn thư"),
        N_(
            "Bản quét ở bên trái, các ô theo thứ tự của sổ ở bên phải. "
            "Hộp đã điền sẵn; hãy xem kỹ những ô có dấu nhắc."
        ),
    ),
    TourStep(
        "/desk", "keys", N_("Không cần chuột"),
        N_("Ctrl+Enter lưu và mở văn bản tiếp theo. Các phím khác ghi ở chân trang và không vướng bộ gõ tiếng Việt."),
    ),
    TourStep(
        "/hand-in", "hand-in", N_("Có tệp sẵn?"),
        N_("Kéo tệp thả vào bất cứ trang nào, hoặc chọn tệp ở đây. Hộp đối xử như với bản quét."),
    ),
    TourStep(
        "/registers", "books", N_("Sổ sách"),
        N_(
            "Số lấy từ đây, không trùng, không sót. "
            "Sửa thì dòng cũ được gạch và vẫn còn. In sổ và tải XLSX cũng ở đây."
        ),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class TourShown:
    """A step on the page that somebody looks at; ``number`` from 0."""

    number: int
    step: TourStep

    @property
    def last(self) -> bool:
        """Whether the tour ends with it."""
        return self.number == len(STEPS) - 1

    @property
    def of(self) -> int:
        """How many steps there are."""
        return len(STEPS)


def shown_on(request: web.Request, store: Store, person: Person | None) -> TourShown | None:
    """The step that this page shows to this person, or None; asked by the frame of every page, in a thread."""
    if person is None or person.role is not Role.CLERK or request.method != "GET":
        return None
    at = store.read(lambda db: tours.step_of(db, person.account, TOUR))
    if at is None or at >= len(STEPS) or not STEPS[at].stands_on(request.path):
        return None
    return TourShown(at, STEPS[at])
