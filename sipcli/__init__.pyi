from sipcli.api.call import Call as Call
from sipcli.api.phone import Phone as Phone

__version__: str
