"""What every scenario of the library gave when its results were last accepted.

``python -m tests.golden.rewrite`` writes the tables anew; read the difference before committing it.
"""
