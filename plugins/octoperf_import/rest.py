"""REST calls of the imports, each with the source that shows it."""

from octoperf_mcp import PRESIGN, PRESIGN_DOWNLOAD, RestCall

_WITHOUT_TREE = ("children",)
"""`false` leaves the actions out of the answer. Ours: the original does not look at it."""
_QUERY = ("name", *_WITHOUT_TREE)
_HAR_OPTIONS = ("adBlocking", "resources", "thinktime", "maxThinktimeMs", "virtualUserId")

SIGN_UPLOAD = PRESIGN
SIGN_DOWNLOAD = PRESIGN_DOWNLOAD
EXPORT_ARCHIVE = RestCall("GET", "/design/virtual-users/export/{id}", answer="bytes", optional=True)
DESCRIBE_VIRTUAL_USER = RestCall(
    "GET", "/design/virtual-users/description/{id}", answer="VirtualUserDescription"
)
IMPORT_ARCHIVE = RestCall(
    "POST", "/imports/archive/{projectId}", query=_QUERY, body="multipart", answer="VirtualUser"
)
IMPORT_HAR = RestCall(
    "POST",
    "/imports/har/{projectId}",
    query=(*_HAR_OPTIONS, *_QUERY),
    body="multipart",
    answer="VirtualUser",
)
IMPORT_URLS = RestCall("POST", "/imports/urls/{projectId}", body="json", answer="VirtualUser")
IMPORT_WEBDRIVER = RestCall(
    "POST", "/imports/web-driver/{projectId}", body="json", answer="VirtualUser"
)
IMPORT_JMX = RestCall(
    "POST",
    "/imports/jmx/{projectId}",
    query=_WITHOUT_TREE,
    body="multipart",
    answer="JmxImportResult",
    source="OctoPerf/bzm-to-octoperf-maven-plugin: octoperf-design-rest-api",
)
IMPORT_PLAYWRIGHT = RestCall(
    "POST",
    "/imports/playwright/{projectId}",
    query=_QUERY,
    body="multipart",
    answer="VirtualUser",
)
IMPORT_POSTMAN = RestCall(
    "POST", "/imports/postman/{projectId}", query=_QUERY, body="multipart", answer="VirtualUser"
)

IMPORT_FETCHED = RestCall(
    "POST",
    "/imports/fetched/{kind}/{projectId}",
    query=(*_HAR_OPTIONS, *_QUERY),
    body="json",
    answer="VirtualUser",
    optional=True,
)
"""`{url}`: the platform fetches the file. Ours."""
