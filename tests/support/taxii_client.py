"""What a client of TAXII 2.1 sees of a server, told as one JSON object.

Arguments: discovery address, user, password, page size.
"""

import json
import sys

from taxii2client.exceptions import TAXIIServiceException
from taxii2client.v21 import Collection, Server, as_pages

discovery, user, password, size = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
server = Server(discovery, user=user, password=password)
root = server.default
collection = root.collections[0]


def pages(function, **filters):
    return [page for page in as_pages(function, per_request=size, **filters)]


def items(pages):
    return [item for page in pages for item in page.get("objects", [])]


objects = items(pages(collection.get_objects))
manifest = items(pages(collection.get_manifest))
sighting = next(one["id"] for one in objects if one["type"] == "sighting")


def refused(call):
    try:
        call()
    except Exception as why:  # What it is, is what is asked.
        return getattr(getattr(why, "response", None), "status_code", None) or str(why)
    return None


def other(url):
    return refused(lambda: Collection(url, user=user, password=password).title)


print(json.dumps({
    "title": server.title,
    "roots": [one.url for one in server.api_roots],
    "versions": root.versions,
    "collections": [one.id for one in root.collections],
    "can_read": collection.can_read,
    "can_write": collection.can_write,
    "page_sizes": [len(page.get("objects", [])) for page in pages(collection.get_objects)],
    "objects": objects,
    "manifest": manifest,
    "at_once": len(items(as_pages(collection.get_objects))),
    "sightings": items(pages(collection.get_objects, type="sighting")),
    "all_versions": items(pages(collection.get_objects, id=sighting, version="all")),
    "first_version": items(pages(collection.get_objects, id=sighting, version="first")),
    "one": collection.get_object(sighting).get("objects", []),
    "versions_of_one": collection.object_versions(sighting).get("versions", []),
    "after": items(pages(collection.get_objects, added_after=manifest[-3]["date_added"])),
    "old_stix": items(pages(collection.get_objects, spec_version="2.0")),
    "no_such_object": refused(lambda: collection.get_object("sighting--00000000-0000-5000-8000-000000000000")),
    "no_such_collection": other(root.url + "collections/00000000-0000-5000-8000-000000000000/"),
    "accept": refused(lambda: collection.get_objects(accept="application/taxii+json;version=2.0")),
    "wrong_password": refused(lambda: Server(discovery, user=user, password="guessed").title),
    # Last: who is refused before its body is read finds the connection closed afterwards.
    "write": refused(lambda: collection._conn.post(
        collection.objects_url, headers={
            "Accept": "application/taxii+json;version=2.1",
            "Content-Type": "application/taxii+json;version=2.1",
        }, data="{}")),
}, default=str))
assert TAXIIServiceException
