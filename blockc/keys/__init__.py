"""API keys as artifacts: which keys people decided to revoke, and the plan that a gateway is given.

`key_table` reads the table of the audit that people went through, `key_target` says what a gateway
can be told, `gateways` and `key_documents` describe each of them, and `key_plan` puts them together
and proves what was written. Plans only: nothing here calls anything or holds a credential.
"""
