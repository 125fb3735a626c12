from collections.abc import Callable

from streamlit.testing.v1 import AppTest


def script(body: Callable[[], None]) -> AppTest:
    return AppTest.from_function(body, default_timeout=10)


def remembers() -> None:
    import streamlit as st

    from dashboard import state

    state.begin()
    st.text(state.read("disease"))


def test_an_empty_address_is_filled_from_the_session():
    app = script(remembers)
    app.query_params["disease"] = "AD"
    app.run()
    app.query_params.clear()
    app.run()
    assert app.text[0].value == "AD"
    assert app.query_params["disease"] in ("AD", ["AD"])


def test_an_address_that_says_something_is_the_truth():
    app = script(remembers)
    app.query_params["disease"] = "AD"
    app.run()
    app.query_params.clear()
    app.query_params["run"] = "lladr"
    app.run()
    assert app.text[0].value == "None"


def ties_widgets() -> None:
    import streamlit as st

    from dashboard import state

    state.begin()
    st.segmented_control("Show", ["a", "b"], **state.widget("show", state.read("show") or "a", default="a"))
    st.text(state.context())


def test_a_widget_goes_to_the_address_and_its_default_does_not():
    app = script(ties_widgets).run()
    app.segmented_control[0].set_value("b").run()
    assert app.text[0].value == "{'show': 'b'}"
    app.segmented_control[0].set_value("a").run()
    assert app.text[0].value == "{}"


def visits_diseases() -> None:
    import streamlit as st

    from dashboard import state

    for name in ("a", "b", "a", "c", "d", "e", "f"):
        state.visited(name)
    st.text(state.visits())


def test_the_last_visits_are_kept_once_each():
    assert script(visits_diseases).run().text[0].value == "['f', 'e', 'd', 'c', 'a']"
