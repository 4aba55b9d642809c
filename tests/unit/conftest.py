"""How hypothesis goes about its work here: without a deadline, as a busy machine proves nothing wrong.

Everything else is as hypothesis has it: with CI in the environment, the same examples each time.
"""

from hypothesis import settings

settings.register_profile("unhurried", settings.get_profile(settings.get_current_profile_name()), deadline=None)
settings.load_profile("unhurried")
