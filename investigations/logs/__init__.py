"""Log analysis as pure functions: bytes in; lines, times, templates and what they say out. No models, no network.

reading    any file into lines of text: plain, gz, zip, any encoding, with its limits
times      a time as somebody wrote it, into an instant
layouts    a line into time, level, source and message
templates  messages into groups
signs      what a message says, in a sentence
analysis   all of it, over one log
"""
