from sipcli.config.settings import Settings as Settings
from sipcli.expect.call_record import CallRecord as CallRecord
from sipcli.journal.journal import Journal as Journal
from sipcli.phone import events as events
from sipcli.phone.audio_meters import Measured as Measured
from sipcli.phone.call import Call as Call
from sipcli.phone.digits import Sending as Sending
from sipcli.phone.errors import PingResult as PingResult
from sipcli.phone.events import Binding as Binding
from sipcli.phone.events import CallEnded as CallEnded
from sipcli.phone.events import CallStats as CallStats
from sipcli.phone.events import Connected as Connected
from sipcli.phone.events import Event as Event
from sipcli.phone.events import InstantMessage as InstantMessage
from sipcli.phone.events import RedirectRequested as RedirectRequested
from sipcli.phone.events import Registered as Registered
from sipcli.phone.events import TransferRequested as TransferRequested
from sipcli.phone.phone import Phone as Phone
from sipcli.phone.registration_status import RegistrationStatus as RegistrationStatus
from sipcli.phone.waiter import CallAction as CallAction

__version__: str
