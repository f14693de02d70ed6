"""The inside of expressions: lexer, parser, closures, checked operators and the functions of the filters."""
