// <cgr-map>: our own places on a graticule, nothing from elsewhere. MapLibre is loaded when the map comes into sight.
//
//   data-src    address of GeoJSON; each feature's properties: `kind` (a colour of parts.css), `label`, `url` (optional)
//   data-tiles  address of vector tiles with {z}/{x}/{y}, whose layer is called "places"; used instead of data-src
//   data-bounds west,south,east,north to begin with
//   data-none   what is said where there is nothing to show
//   data-signs  write the sign of its kind into each point, as tables do: a colour never stands alone
//   data-basemap, data-attribution  address of somebody else's raster tiles, when an administrator wants them
//
// Features of the kind "boundary" (in tiles: a layer of that name) are drawn as outlines below the places. `choose`
// marks what is at an address of GeoJSON, and goes there. A click on a place gives the event `cgr-map:select`, whose detail is the place's properties.

const LIBRARY = "../../vendor/maplibre-gl.mjs";
const STYLES = "../../vendor/maplibre-gl.css";
const KINDS = ["new", "changed", "moved", "same", "problem", "blocked"];
const SIGNS = { new: "+", changed: "~", moved: "→", problem: "!" };
// Many places beside each other on a small map are small, so that one sees how many there are.
const byZoom = (small, large) => ["interpolate", ["linear"], ["zoom"], 4, small, 9, large];
const PLACES = "places";
const CHOSEN = "chosen";
const NONE = { type: "FeatureCollection", features: [] };

class PlaceMap extends HTMLElement {
  connectedCallback() {
    this.setAttribute("role", "group");
    const seen = new IntersectionObserver((entries) => {
      if (!entries.some((entry) => entry.isIntersecting)) return;
      seen.disconnect();
      this.draw();
    });
    seen.observe(this);
  }

  disconnectedCallback() {
    this.map?.remove();
    this.map = undefined;
  }

  async draw() {
    loadStyles();
    const { Map, NavigationControl } = await import(LIBRARY);
    if (!this.isConnected) return;
    this.map = new Map({
      container: this,
      style: { version: 8, sources: {}, layers: [] },
      attributionControl: false,
      bounds: this.dataset.bounds?.split(",").map(Number),
      fitBoundsOptions: { padding: 24 },
      locale: JSON.parse(this.dataset.words ?? "{}"),
    });
    this.map.addControl(new NavigationControl({ showCompass: false }));
    await this.map.once("load");
    if (this.dataset.basemap) {
      this.map.addSource("basemap", { type: "raster", tiles: [this.dataset.basemap], tileSize: 256 });
      this.map.addLayer({ id: "basemap", type: "raster", source: "basemap" });
    }
    drawGraticule(this.map, colourOf(this, "same"));
    await this.show(this.dataset.src);
    this.map.addSource(CHOSEN, { type: "geojson", data: NONE });
    addChosen(this.map, colourOf(this, "moved"));
    this.map.on("click", (event) => this.select(event.point));
    await this.choose(this.chosen);
    this.setAttribute("data-drawn", "");
  }

  /** Mark what is at an address of GeoJSON and bring it into sight; before the map is drawn, as soon as it is. */
  async choose(address) {
    this.chosen = address;
    const source = this.map?.getSource(CHOSEN);
    if (!source || !address) return;
    const places = await (await fetch(address, { headers: { Accept: "application/geo+json" } })).json();
    if (this.chosen !== address || !this.isConnected) return;
    source.setData(places);
    const bounds = boundsOf(places);
    if (bounds) this.map.fitBounds(bounds, { padding: 48, maxZoom: Math.max(this.map.getZoom(), 9), animate: false });
  }

  /** Show the GeoJSON at another address; the map stays where it is unless this is the first. */
  async show(address) {
    if (this.dataset.tiles && !this.map.getSource(PLACES)) {
      this.map.addSource(PLACES, { type: "vector", tiles: [new URL(this.dataset.tiles, location.href).href.replaceAll("%7B", "{").replaceAll("%7D", "}")] });
      addBoundaries(this.map, this, { "source-layer": "boundaries" });
      addLayers(this.map, this, { "source-layer": PLACES });
      return;
    }
    if (!address) return;
    const places = await (await fetch(address, { headers: { Accept: "application/geo+json" } })).json();
    this.toggleAttribute("data-empty", !places.features.some(({ geometry, properties }) => geometry && properties.kind !== "boundary"));
    if (this.map.getSource(PLACES)) {
      this.map.getSource(PLACES).setData(places);
      return;
    }
    this.map.addSource(PLACES, { type: "geojson", data: places });
    addBoundaries(this.map, this, {});
    addLayers(this.map, this, {});
    const bounds = boundsOf(places);
    if (bounds && !this.dataset.bounds) this.map.fitBounds(bounds, { padding: 24, maxZoom: 12, animate: false });
  }

  select(point) {
    const [found] = this.map.queryRenderedFeatures(point, { layers: ["points", "areas"].filter((id) => this.map.getLayer(id)) });
    if (found) this.dispatchEvent(new CustomEvent("cgr-map:select", { bubbles: true, detail: found.properties }));
  }
}

function loadStyles() {
  if (document.querySelector("link[data-map]")) return;
  const link = document.createElement("link");
  link.rel = "stylesheet";
  link.href = new URL(STYLES, import.meta.url).href;
  link.dataset.map = "";
  document.head.append(link);
}

// MapLibre wants colours as they are, not as variables: ask the page what it makes of them.
function colourOf(element, kind) {
  const probe = document.createElement("span");
  probe.className = `kind-${kind}`;
  element.append(probe);
  const { color } = getComputedStyle(probe);
  probe.remove();
  return color;
}

function addBoundaries(map, element, source) {
  map.addLayer({ id: "boundaries", type: "line", source: PLACES, ...source, filter: ["==", ["get", "kind"], "boundary"], paint: { "line-color": colourOf(element, "same"), "line-width": 1, "line-dasharray": [4, 2] } });
}

function addChosen(map, colour) {
  map.addLayer({ id: "chosen-areas", type: "fill", source: CHOSEN, filter: ["==", ["geometry-type"], "Polygon"], paint: { "fill-color": colour, "fill-opacity": 0.25 } });
  map.addLayer({ id: "chosen-outlines", type: "line", source: CHOSEN, filter: ["!=", ["geometry-type"], "Point"], paint: { "line-color": colour, "line-width": 3 } });
  map.addLayer({ id: "chosen-points", type: "circle", source: CHOSEN, filter: ["==", ["geometry-type"], "Point"], paint: { "circle-color": "rgba(0,0,0,0)", "circle-radius": 9, "circle-stroke-width": 3, "circle-stroke-color": colour } });
}

function addLayers(map, element, source) {
  const colour = ["match", ["get", "kind"], ...KINDS.flatMap((kind) => [kind, colourOf(element, kind)]), colourOf(element, "changed")];
  map.addLayer({ id: "areas", type: "fill", source: PLACES, ...source, filter: ["all", ["==", ["geometry-type"], "Polygon"], ["!=", ["get", "kind"], "boundary"]], paint: { "fill-color": colour, "fill-opacity": 0.15 } });
  map.addLayer({ id: "outlines", type: "line", source: PLACES, ...source, filter: ["all", ["!=", ["geometry-type"], "Point"], ["!=", ["get", "kind"], "boundary"]], paint: { "line-color": colour, "line-width": 1.5 } });
  map.addLayer({ id: "points", type: "circle", source: PLACES, ...source, filter: ["==", ["geometry-type"], "Point"], paint: { "circle-color": colour, "circle-radius": byZoom(3, element.hasAttribute("data-signs") ? 7 : 5), "circle-stroke-width": byZoom(0.5, 1), "circle-stroke-color": getComputedStyle(document.body).backgroundColor } });
  if (element.hasAttribute("data-signs")) addSigns(map, source);
}

// The library writes with fonts that it would fetch; a sign is drawn instead.
function addSigns(map, source) {
  for (const [kind, sign] of Object.entries(SIGNS)) map.addImage(`sign-${kind}`, drawn(sign), { pixelRatio: 2 });
  map.addLayer({ id: "signs", type: "symbol", source: PLACES, ...source, filter: ["all", ["==", ["geometry-type"], "Point"], ["in", ["get", "kind"], ["literal", Object.keys(SIGNS)]]], layout: { "icon-image": ["concat", "sign-", ["get", "kind"]], "icon-size": byZoom(0.5, 1), "icon-allow-overlap": true } });
}

function drawn(sign) {
  const size = 28;
  const canvas = new OffscreenCanvas(size, size).getContext("2d");
  canvas.fillStyle = getComputedStyle(document.body).backgroundColor;
  canvas.font = `bold ${size - 4}px ${getComputedStyle(document.body).fontFamily}`;
  canvas.textAlign = "center";
  canvas.textBaseline = "middle";
  canvas.fillText(sign, size / 2, size / 2);
  return canvas.getImageData(0, 0, size, size);
}

function drawGraticule(map, colour) {
  const lines = [];
  for (let degree = -180; degree <= 180; degree += 5) lines.push([[degree, -85], [degree, 85]]);
  for (let degree = -85; degree <= 85; degree += 5) lines.push([[-180, degree], [180, degree]]);
  map.addSource("graticule", { type: "geojson", data: { type: "MultiLineString", coordinates: lines } });
  map.addLayer({ id: "graticule", type: "line", source: "graticule", paint: { "line-color": colour, "line-opacity": 0.4, "line-width": 0.5 } });
}

function boundsOf(places) {
  const bounds = [180, 90, -180, -90];
  const take = (coordinates) => {
    if (typeof coordinates[0] !== "number") return coordinates.forEach(take);
    const [x, y] = coordinates;
    bounds.splice(0, 4, Math.min(bounds[0], x), Math.min(bounds[1], y), Math.max(bounds[2], x), Math.max(bounds[3], y));
  };
  places.features.forEach((feature) => feature.geometry && take(feature.geometry.coordinates));
  return bounds[0] <= bounds[2] ? bounds : null;
}

customElements.define("cgr-map", PlaceMap);
