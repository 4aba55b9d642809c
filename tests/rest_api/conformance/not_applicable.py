"""The statements that do not apply to this server, each with the reason."""

_CLIENT = "Asks something of clients."
_NEVER_LATER = "The server never answers before the work is done, so it never answers 202."
_NEVER_META_ALONE = "The server never answers a write with meta alone."
_NO_CLIENT_IDS = "Ids of the client's own are refused with 403 (create-client-generated-ids-forbidden)."
_OWN_PARAMETERS = (
    "Lists and resources have no query parameters beside those of the specification. Those of a wallet's balance and"
    " statement (`at`, `sequence`, `from`, `to`) depart from this rule: plain words, for people who type them."
)

NOT_APPLICABLE = {
    "response-ignore-parameters": _CLIENT,
    "json-api-meta": "A permission that is not used.",
    "create-client-generated-ids-key": _NO_CLIENT_IDS,
    "create-client-generated-ids-uuid": _CLIENT,
    "create-responses-202": _NEVER_LATER,
    "create-responses-204": _NO_CLIENT_IDS,
    "create-responses-409-exists": _NO_CLIENT_IDS,
    "update-resource-202-status": _NEVER_LATER,
    "update-resource-200-meta": _NEVER_META_ALONE,
    "update-resource-200-meta-representation": _NEVER_META_ALONE,
    "post-to-many-response": "Adding to one of many is refused with 403 (updating-relationship-403-status).",
    "delete-to-many-success": "Removing from one of many is refused with 403 (updating-relationship-403-status).",
    "updating-relationship-202-status": _NEVER_LATER,
    "updating-relationship-200-status": "A relationship changes as it was asked to and in no other way, hence 204.",
    "updating-relationship-200-response": "Relationships are updated with 204.",
    "updating-relationship-200-meta": _NEVER_META_ALONE,
    "updating-relationship-200-meta-content": _NEVER_META_ALONE,
    "delete-202-status": _NEVER_LATER,
    "delete-200-status": _NEVER_META_ALONE,
    "query-parameters-non-alpha": _OWN_PARAMETERS,
    "query-parameters-under-camel": _OWN_PARAMETERS,
}
