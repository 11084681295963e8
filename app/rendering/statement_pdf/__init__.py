"""The statement of notification: a proof bundle told on paper, for somebody who reads no JSON.

`account` reads a bundle, `telling` and `fact_words` put it into words, `document` draws it. Only `document` and what
it draws with import fpdf2, so that nobody pays for that who draws nothing.
"""
