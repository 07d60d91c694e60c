"""Kalshi's error bodies, in all the shapes in which they come. It decides nothing."""

from __future__ import annotations

from daemon.paper.refusal import Code, RefusalError

Body = dict[str, object]

# Code -> HTTP status. Total: a code without a line here is a bug.
STATUS: dict[Code, int] = {
    Code.ORDER_EXISTS: 409,
    Code.FOK_VOLUME: 409,
    Code.TRADING_PAUSED: 409,
    Code.EXCHANGE_PAUSED: 409,
    Code.BALANCE: 400,
    Code.PRICE: 400,
    Code.ORDER: 400,
    Code.ORDER_SIZE: 400,
    Code.SIDE_MISMATCH: 400,
    Code.TICKER_MISMATCH: 400,
    Code.ID_MISMATCH: 400,
    Code.MISSING: 400,
    Code.PARAMETERS: 400,
    # The three below were never recorded verbatim; the statuses are the likeliest reading.
    Code.MARKET_INACTIVE: 400,
    Code.MARKET_NOT_FOUND: 404,
    Code.NOT_FOUND: 404,
}


class ApiError(Exception):
    """Theirs: an answer that is not 2xx, with its status and JSON body."""

    def __init__(self, status: int, body: Body) -> None:
        super().__init__(f"{status} {body}")
        self.status = status
        self.body = body


def nested(code: str, message: str = "", details: str = "") -> Body:
    """The usual shape: {"error": {"code", "message", "details"?}}."""
    error: Body = {"code": code, "message": message or code.replace("_", " ")}
    if details:
        error["details"] = details
    return {"error": error}


def flat(code: str, details: str) -> Body:
    """The shape of JSON decoding and content types: {"code", "message", "details"}."""
    return {"code": code, "message": code.replace("_", " "), "details": details}


def from_refusal(refusal: RefusalError) -> ApiError:
    """The answer to a refused request."""
    details = refusal.details
    if refusal.code is Code.MARKET_INACTIVE:
        details = "MARKET_INACTIVE"
    return ApiError(STATUS[refusal.code], nested(refusal.code.value, details=details))


def item_error(refusal: RefusalError) -> Body:
    """The flat error of one item in a batch."""
    message = refusal.code.value.replace("_", " ")
    return {"code": refusal.code.value, "message": message, "details": refusal.details}


def bad_json(details: str) -> ApiError:
    """The body could not be decoded into the request's struct."""
    return ApiError(400, flat("bad_request", details))


def bad_content_type() -> ApiError:
    """A body that is not JSON."""
    return ApiError(400, flat("invalid_content_type", "Content-Type must be application/json"))


def bad_query(struct: str, field: str, tag: str) -> ApiError:
    """A query parameter outside its bounds: the bare {"msg"} shape."""
    key = f"{struct}Params.{field}"
    text = f"Error:Field validation for '{field}' failed on the '{tag}' tag"
    return ApiError(400, {"msg": f"Parameter validation failed for {struct}: Key: '{key}' {text}"})


def unauthorized(details: str) -> ApiError:
    """A key or a signature that does not fit."""
    return ApiError(401, nested("authentication_error", "authentication_error", details))


def shaped(shape: str, code: str) -> Body:
    """An error in any of the shapes that have been seen; html is a proxy's page, not JSON."""
    words = code.replace("_", " ")
    match shape:
        case "flat":
            return flat(code, "")
        case "bare":
            return {"msg": words}
        case "text":
            return {"error": words}
        case "html":
            return {HTML: f"<html><body><h1>{words}</h1></body></html>"}
        case _:
            return nested(code)


# Not a key of JSON: it marks a body that is sent as a page.
HTML = "<html>"
HEADERS_MISSING: Body = nested("signature_is_missing_from_headers")
TIMESTAMP_EXPIRED: Body = nested("header_timestamp_expired")
TOO_MANY: Body = nested("too_many_requests")
SOCKET_UNAUTHORIZED: Body = {"code": "token_authentication_failure"}
LEGACY: Body = nested(
    "deprecated_v1_order_endpoint",
    "Please switch to the V2 endpoints",
    "https://docs.kalshi.com/api-reference/orders/create-order-v2",
)
