"""What `pip install ./hooks` runs: it says where the SDK went."""

raise SystemExit("The SDK and the CLI `lode` have moved: run `pip install ./sdk` instead.")
