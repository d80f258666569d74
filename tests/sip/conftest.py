"""Property tests take the same examples in every run, and the clock has no say in them."""

from hypothesis import settings

settings.register_profile("sip", settings.get_profile("tests"), derandomize=True, max_examples=200)
settings.load_profile("sip")
