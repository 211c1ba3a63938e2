"""The page an event happened on, and the elements of a page that `dom` events tell of."""

from connectors.ingest.wire.values import Number, Wire


class Location(Wire):
    """A URL and its parts."""

    hash: str | None = None
    host: str | None = None
    hostname: str | None = None
    href: str | None = None
    origin: str | None = None
    pathname: str | None = None
    port: str | None = None
    protocol: str | None = None
    search: str | None = None


class Document(Wire):
    """`document` of the page."""

    character_set: str | None = None
    location: Location | None = None
    referrer: str | None = None
    title: str | None = None


class Navigator(Wire):
    """`navigator` of the browser."""

    cookie_enabled: bool | None = None
    language: str | None = None
    languages: list[str] | None = None
    user_agent: str | None = None


class Screen(Wire):
    """Its size."""

    height: Number | None = None
    width: Number | None = None


class Window(Wire):
    """`window` of the page; offsets are floats."""

    inner_height: Number | None = None
    inner_width: Number | None = None
    outer_height: Number | None = None
    outer_width: Number | None = None
    page_x_offset: Number | None = None
    page_y_offset: Number | None = None
    scroll_x: Number | None = None
    scroll_y: Number | None = None
    screen_x: Number | None = None
    screen_y: Number | None = None
    screen: Screen | None = None
    location: Location | None = None
    origin: str | None = None


class Context(Wire):
    """What Shopify tells of the page with each event."""

    document: Document | None = None
    navigator: Navigator | None = None
    window: Window | None = None


class Element(Wire):
    """An element of the page; what was typed into it (*value*) is read and dropped."""

    id: str | None = None
    name: str | None = None
    tag_name: str | None = None
    type: str | None = None
    href: str | None = None
    value: str | None = None
    action: str | None = None
    elements: list["Element"] | None = None


class DomNode(Wire):
    """A node of the page, as the advanced events tell of it; its text is read and dropped."""

    node_type: Number | None = None
    serialization_id: Number | None = None
    attributes: dict[str, object] | None = None
    checked: bool | None = None
    tag_name: str | None = None
    text_content: str | None = None


class DomFragment(Wire):
    """A part of the page's tree."""

    children: list["DomFragment"] | None = None
    node: DomNode | None = None
    parent_serialization_id: Number | None = None
    prev_sibling_serialization_id: Number | None = None


class DomData(Wire):
    """The `data` of any `dom` or `advanced-dom` event."""

    element: Element | None = None
    node: DomNode | None = None
    root: DomFragment | None = None
    added_fragments: list[DomFragment] | None = None
    modified_nodes: list[DomNode] | None = None
    removed_nodes: list[DomNode] | None = None
    action: str | None = None
    client_x: Number | None = None
    client_y: Number | None = None
    movement_x: Number | None = None
    movement_y: Number | None = None
    offset_x: Number | None = None
    offset_y: Number | None = None
    page_x: Number | None = None
    page_y: Number | None = None
    screen_x: Number | None = None
    screen_y: Number | None = None
