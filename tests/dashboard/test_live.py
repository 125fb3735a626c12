"""A part of a page runs without the shell, so it shows a user's error itself; a bug it does not hide."""

from streamlit.testing.v1 import AppTest


def _page() -> None:
    import streamlit as st

    from core.errors import LladrError
    from dashboard import components

    @components.part
    def half(number: int) -> None:
        st.write(f"half {number / 2}")
        if number == 3:
            raise LladrError("Three is odd.", expected="an even number", advice="give another one.")
        if number < 0:
            raise ZeroDivisionError

    half(st.session_state.get("number", 2))
    st.write("after it")


def shown(number: int) -> AppTest:
    app = AppTest.from_function(_page)
    app.session_state["number"] = number
    return app.run()


def test_a_part_draws_what_it_is_given():
    app = shown(2)
    assert [each.value for each in app.markdown] == ["half 1.0", "after it"]
    assert not app.error


def test_an_error_in_a_part_is_shown_there_and_the_rest_goes_on():
    app = shown(3)
    assert [each.value for each in app.markdown] == ["half 1.5", "after it"]
    assert "Three is odd" in app.error[0].value
    assert "an even number" in app.error[0].value


def test_a_bug_in_a_part_shows_itself():
    app = shown(-1)
    assert app.exception
    assert not app.error
