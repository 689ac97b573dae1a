"""The language server: needs the extra `lsp`, which only this package imports."""
