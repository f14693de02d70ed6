"""What scrolls: also before the layout has put a scroll bar beside it."""

from __future__ import annotations

from textual.scroll_view import ScrollView

RIGHT = 3  # the button of the mouse that opens a menu


class Scrolled(ScrollView):
    """Lines that can be scrolled to at once; Textual refuses that until the bar of new lines is laid out."""

    @property
    def allow_vertical_scroll(self) -> bool:
        return True

    def watch_show_vertical_scrollbar(self, shown: bool) -> None:
        """The bar stands where the lines stand, also if they were scrolled before there was one."""
        if shown:
            self.vertical_scrollbar.position = self.scroll_y
