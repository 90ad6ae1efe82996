"""Print how to cite this repository, as BibTeX in Markdown: python -m docs.citation."""

from pipeline.publishing.citation import bibtex


def main() -> None:
    """Print the entry."""
    print(f"```bibtex\n{bibtex()}\n```")


if __name__ == "__main__":
    main()
