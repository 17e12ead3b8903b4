"""What an application asks about the clients of its requests, while it runs.

`matcher` reads the artifacts of the target `matcher` and answers; `clients` finds the client
behind proxies; `asgi` and `wsgi` are middleware for web applications. Nothing here needs another
package: an application that only asks imports neither numpy nor the compiler.
"""
