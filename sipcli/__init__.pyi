from sipcli.phone.call import Call as Call
from sipcli.phone.phone import Phone as Phone

__version__: str
