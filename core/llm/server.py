"""Say where the chat model answers; the key is never stored, logged or shown."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from core.errors import ConfigError

HOW_TO = (
    "set OPENAI_API_KEY (and OPENAI_BASE_URL for a server other than OpenAI's, such as http://127.0.0.1:11434/v1 for Ollama) "
    "and LLADR_CHAT_MODEL, or give --model."
)
NO_KEY = "none"  #: what servers get that want no key
SHORTEST_SECRET = 6  #: characters; a shorter "key" is a placeholder, and removing it would mangle texts


@dataclass(frozen=True)
class Server:
    """A model at an OpenAI-compatible server."""

    model: str
    base_url: str = field(repr=False)
    api_key: str = field(repr=False)

    @classmethod
    def from_environment(cls, model: str | None = None, environment: Mapping[str, str] | None = None) -> "Server":
        """Read ``OPENAI_BASE_URL``, ``OPENAI_API_KEY`` and ``LLADR_CHAT_MODEL``.

        :param model: wins over the environment
        :param environment: default: the process's; a page adds Streamlit's secrets
        :raises ConfigError: if there is no model, or neither a key nor an address
        """
        values = os.environ if environment is None else environment
        chosen = (model or values.get("LLADR_CHAT_MODEL", "")).strip()
        base_url, key = values.get("OPENAI_BASE_URL", "").strip(), values.get("OPENAI_API_KEY", "").strip()
        if not chosen:
            raise ConfigError("No chat model is named.", expected="a model's name", advice=HOW_TO)
        if not base_url and not key:
            raise ConfigError("No chat server is configured.", expected="a key or the address of a server", advice=HOW_TO)
        return cls(chosen, base_url or "https://api.openai.com/v1", key or NO_KEY)

    def scrubbed(self, text: str) -> str:
        """Return a text of the server without the key."""
        return text.replace(self.api_key, "[key]") if len(self.api_key) >= SHORTEST_SECRET else text


def is_configured(environment: Mapping[str, str] | None = None) -> bool:
    """Return whether there is anything to ask."""
    try:
        Server.from_environment(environment=environment)
    except ConfigError:
        return False
    return True
