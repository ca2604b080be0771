"""What parts of a credential become: a header as RFC 7617 and 6750 have it, or a word on which part is wrong."""

import pytest

from retrain_operator.edges.credential import Credential, CredentialError, Part, basic, bearer

SECRET = "canary-7f3a"


def part(content: str | bytes) -> Part:
    return Part(content if isinstance(content, bytes) else content.encode(), "password of it")


@pytest.mark.parametrize("written", [SECRET, f"{SECRET}\n", f"{SECRET}\r\n"])
def test_a_token_is_sent_without_the_line_end_that_editors_leave(written: str) -> None:
    assert bearer(part(written), "renew it").headers == {"Authorization": f"Bearer {SECRET}"}


def test_a_name_and_a_password_may_be_in_any_language() -> None:
    """The example of RFC 7617, section 2.1."""
    made = basic(Part(b"test", "username"), Part("123£".encode(), "password"), "renew it")
    assert made.headers == {"Authorization": "Basic dGVzdDoxMjPCow=="}


@pytest.mark.parametrize("content", ["", "\n", "two\nlines", "tab\t", "nul\0", b"\xff"])
def test_more_or_less_than_a_line_is_refused(content: str | bytes) -> None:
    with pytest.raises(CredentialError, match=r"^password of it must hold one line of text\.$"):
        bearer(part(content), "")
    with pytest.raises(CredentialError, match=r"^password of it must hold one line of text\.$"):
        basic(part("churn"), part(content), "")


@pytest.mark.parametrize("content", ["two words", "naïve"])
def test_a_token_is_one_word_of_ascii(content: str) -> None:
    with pytest.raises(
        CredentialError, match=r"^password of it must hold a token alone, in ASCII and without spaces\.$"
    ):
        bearer(part(content), "")


def test_a_name_with_a_colon_would_end_at_it() -> None:
    with pytest.raises(CredentialError, match=r"^password of it must hold a name without a colon\.$"):
        basic(part("churn:x"), part(SECRET), "")


def test_nothing_of_it_is_printed() -> None:
    for made in (part(SECRET), bearer(part(SECRET), ""), basic(part("churn"), part(SECRET), "")):
        assert SECRET not in repr(made)
        assert "Basic" not in repr(made)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        (f"unexpected {SECRET}", True),
        ("unexpected " + "\u200b".join(SECRET), True),
        (f"{'x' * 990}{SECRET}", True),
        ("unexpected end of input", False),
        ("", False),
    ],
)
def test_a_text_that_holds_it_is_recognised(text: str, shown: bool) -> None:
    assert bearer(part(SECRET), "").shows_in(text) is shown
    assert not Credential().shows_in(text)
