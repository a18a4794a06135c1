"""The web client's files: paths, caching and content security policy."""

from pathlib import Path

import httpx
import pytest

from mesh.edge.pages import NodeStatus, pages


async def _a_broken_service() -> list[NodeStatus]:
    return [NodeStatus("auth-1", "10.0.0.9:50051", "unreachable: cassandra")]


def _client(web: Path) -> httpx.AsyncClient:
    application = pages(version="9.8.7", services=_a_broken_service, web=web)
    return httpx.AsyncClient(transport=httpx.ASGITransport(application), base_url="http://edge")


@pytest.fixture
def dist(tmp_path: Path) -> Path:
    (tmp_path / "assets").mkdir()
    (tmp_path / "index.html").write_text("<title>the client</title>")
    (tmp_path / "assets" / "app-1234.js").write_text("x" * 5000)
    (tmp_path / "manifest.webmanifest").write_text("{}")
    return tmp_path


@pytest.mark.parametrize("path", ["/", "/chats/7b5e2b1c", "/settings/profile"])
async def test_every_path_of_the_client_is_its_page_and_is_revalidated(dist: Path, path: str) -> None:
    async with _client(dist) as client:
        answer = await client.get(path)

    assert "the client" in answer.text
    assert answer.headers["cache-control"] == "no-cache"


async def test_only_scripts_and_styles_of_this_origin_are_allowed(dist: Path) -> None:
    async with _client(dist) as client:
        policy = (await client.get("/")).headers["content-security-policy"]

    assert "default-src 'none'; script-src 'self'; style-src 'self';" in policy
    assert "unsafe" not in policy


async def test_files_with_a_hash_in_their_name_are_immutable_and_compressed(dist: Path) -> None:
    async with _client(dist) as client:
        answer = await client.get("/assets/app-1234.js")

    assert answer.headers["cache-control"] == "public, max-age=31536000, immutable"
    assert answer.headers["content-encoding"] == "gzip"


@pytest.mark.parametrize("path", ["/assets/app-0000.js", "/nothing.png", "/../pyproject.toml"])
async def test_a_missing_file_is_not_found_and_is_not_cached(dist: Path, path: str) -> None:
    async with _client(dist) as client:
        answer = await client.get(path)

    assert answer.status_code == 404
    assert "immutable" not in answer.headers.get("cache-control", "")


async def test_other_files_are_revalidated(dist: Path) -> None:
    async with _client(dist) as client:
        answer = await client.get("/manifest.webmanifest")

    assert (answer.status_code, answer.headers["cache-control"]) == (200, "no-cache")


@pytest.mark.parametrize(("built", "path"), [(True, "/about"), (False, "/about"), (False, "/")])
async def test_the_page_about_the_mesh_is_there_with_and_without_a_client(
    dist: Path, *, built: bool, path: str
) -> None:
    if not built:
        (dist / "index.html").unlink()
    async with _client(dist) as client:
        answer = await client.get(path)
        style = await client.get("/about/assets/style.css")

    assert "Chatly is running" in answer.text
    assert "not serving" in answer.text
    assert not [private for private in ("9.8.7", "10.0.0.9", "unreachable") if private in answer.text]
    assert style.status_code == 200


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nowhere"])
async def test_an_unknown_rest_path_is_not_the_client(dist: Path, path: str) -> None:
    async with _client(dist) as client:
        answer = await client.get(path)

    assert answer.status_code == 404
