"""What is told of a request that Kiro refused although every check here had let it pass."""

from ki2api.flow import GatewayFlow
from ki2api.kiro.compose import Composed, Limits
from ki2api.kiro.shape import repaired, shape_of


def tell_shape(flow: GatewayFlow, composed: Composed, limits: Limits) -> None:
    """Log and note a request by counts, sizes, repairs and near limits: never by its content."""
    shape = shape_of(composed.body, flow.target.model, limits)
    repairs = repaired(repair.rule for repair in composed.repairs) or "none"
    told = f"{shape}; repairs: {repairs}"
    words = "Kiro refused what passed every check here: {}"
    flow.log.warning(words, told)
    flow.note("kiro", f"refused by Kiro, though it passed every check here: {told}")
