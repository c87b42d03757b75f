"""The only error of an import."""

from octoperf_mcp.embedded.failures import Invalid


class ImportFailed(Invalid):
    """400: the file cannot become a virtual user.

    Args:
        message: What is wrong with the file or an option, one sentence.
        next_step: What the caller can do about it, one sentence.
    """

    code = "import_failed"

    def __init__(self, message: str, next_step: str) -> None:
        super().__init__(f"{message} {next_step}", details={"nextStep": next_step})
        self.problem = message
        self.next_step = next_step
