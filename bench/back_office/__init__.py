"""A reference back office: what docs/back_office.md asks for, as a small Django program of its own.

    python -m bench.back_office prepare         migrate, and print how many accounts there are
    python -m bench.back_office seed < LINES    open the accounts of `manage.py demo_accounts`
    python -m bench.back_office serve --port N  answer on 127.0.0.1

It reads BACK_OFFICE_DATABASE_URL and BACK_OFFICE_TOKEN. `make run` starts it for the demo, tests start it for
themselves; it can be told to fail (faults.py). It shares no code with Secondline.
"""
