"use strict";
(function () {
  var root = document.documentElement;
  function each(what, act) { Array.prototype.forEach.call(document.querySelectorAll(what), act); }
  function show(lang) {
    root.dataset.lang = lang;
    root.lang = lang === "zh" ? "zh-CN" : "en";
    each("[data-set]", function (b) { b.setAttribute("aria-pressed", String(b.dataset.set === lang)); });
    each("svg.panel", function (s) { s.setAttribute("aria-label", s.dataset[lang]); });
    each("[data-label-en]", function (e) {
      e.setAttribute("aria-label", lang === "zh" ? e.dataset.labelZh : e.dataset.labelEn);
    });
  }
  each("[data-set]", function (b) { b.addEventListener("click", function () { show(b.dataset.set); }); });

  show(root.dataset.lang);

  // A figure as one picture: its heading and what is said of it, then its charts two beside each other, in the language shown.
  var NS = "http://www.w3.org/2000/svg";
  function piece(name, attributes) {
    var made = document.createElementNS(NS, name);
    Object.keys(attributes).forEach(function (key) { made.setAttribute(key, attributes[key]); });
    return made;
  }
  function picture(figure) {
    var lang = root.dataset.lang, other = lang === "en" ? "zh" : "en";
    var charts = Array.prototype.slice.call(figure.querySelectorAll("svg.panel"));
    var columns = charts.length > 1 ? 2 : 1, width = 360, gap = 16;
    var whole = columns * (width + gap) + gap, y = 24;
    var out = piece("svg", { xmlns: NS, "font-size": "12", "font-family": charts[0].getAttribute("font-family") });
    function put(text, cell, step, look) {
      var line = "", size = 0;
      function end() {
        var made = piece("text", Object.assign({ x: gap, y: y }, look));
        made.textContent = line.trim();
        out.appendChild(made);
        line = ""; size = 0; y += step;
      }
      (text.match(/[^ \n\u2e80-\uffff]+ *|\s+|[\u2e80-\uffff][，。；：、！？）」]*/g) || []).forEach(function (word) {
        var cells = word.charCodeAt(0) > 0x2e7f ? 2 * cell * word.length : cell * word.length;
        if (size && size + cells > whole - 2 * gap) { end(); }
        line += word; size += cells;
      });
      end();
    }
    put(figure.querySelector("h3").innerText, 9, 19, { "font-size": 15, "font-weight": 600, fill: "#222222" });
    put(figure.querySelector(".about").innerText, 6.6, 15, { "font-size": 11, fill: "#595959" });
    charts.forEach(function (chart, k) {
      var copy = chart.cloneNode(true), x = gap + (k % columns) * (width + gap);
      Array.prototype.forEach.call(copy.querySelectorAll("." + other), function (e) { e.remove(); });
      var group = piece("g", { transform: "translate(" + x + " " + y + ")" });
      while (copy.firstChild) { group.appendChild(copy.firstChild); }
      out.appendChild(group);
      if (k % columns === columns - 1 || k === charts.length - 1) {
        var row = charts.slice(k - k % columns, k + 1);
        y += gap + Math.max.apply(null, row.map(function (c) { return c.viewBox.baseVal.height; }));
      }
    });
    out.insertBefore(piece("rect", { width: whole, height: y, fill: "#ffffff" }), out.firstChild);
    out.setAttribute("width", whole);
    out.setAttribute("height", y);
    out.setAttribute("viewBox", "0 0 " + whole + " " + y);
    return { text: new XMLSerializer().serializeToString(out), width: whole, height: y };
  }
  function keep(blob, name) {
    var link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = name;
    link.click();
    setTimeout(function () { URL.revokeObjectURL(link.href); }, 1000);
  }
  each("button.save", function (button) {
    button.addEventListener("click", function () {
      var figure = button.closest("figure"), made = picture(figure);
      var name = figure.dataset.name + "-" + root.dataset.lang + "." + button.dataset.as;
      if (button.dataset.as === "svg") {
        keep(new Blob([made.text], { type: "image/svg+xml" }), name);
        return;
      }
      var image = new Image();
      image.onload = function () {
        var canvas = document.createElement("canvas");
        canvas.width = 2 * made.width;
        canvas.height = 2 * made.height;
        canvas.getContext("2d").drawImage(image, 0, 0, canvas.width, canvas.height);
        canvas.toBlob(function (blob) { keep(blob, name); }, "image/png");
      };
      image.src = "data:image/svg+xml;charset=utf-8," + encodeURIComponent(made.text);
    });
  });
})();
