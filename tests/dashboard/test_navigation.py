from dashboard import navigation


def test_every_line_of_the_table_has_its_file_and_a_name_of_its_own():
    assert all((navigation.PAGES / f"{entry.name}.py").is_file() for entry in navigation.ENTRIES)
    assert len({entry.name for entry in navigation.ENTRIES}) == len(navigation.ENTRIES)


def test_every_page_is_in_the_table():
    files = {path.stem for path in navigation.PAGES.glob("*.py")} - {"__init__"}
    assert files == {entry.name for entry in navigation.ENTRIES}
