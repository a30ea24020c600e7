"""Settings of the published pages. `make site` brings the executed notebooks here first."""

import importlib.util
import json

project = "rnnsound"
author = "the rnnsound authors"
project_copyright = "2026, the rnnsound authors"

extensions = ["myst_nb"]
html_theme = "sphinx_book_theme"
html_title = "rnnsound"
html_theme_options = {"use_download_button": False, "use_fullscreen_button": False, "navbar_persistent": []}
html_show_sphinx = False

myst_enable_extensions = ["dollarmath", "amsmath", "colon_fence"]
myst_heading_anchors = 3
nb_execution_mode = "off"

# The pages ask no other host for anything: no widget code from elsewhere, and MathJax from this site.
# Where the package that brings MathJax is missing, formulas are shown as TeX.
nb_ipywidgets_js = {}
mathjax_path = "mathjax/tex-chtml.js"
if importlib.util.find_spec("sphinx-mathjax-offline"):
    extensions.append("sphinx-mathjax-offline")

WIDGET = "application/vnd.jupyter.widget-view+json"
NOTE = "*Here is a control that works in JupyterLab; the settings around it were rendered for this page.*\n"


def setup(app):
    """Register what happens to a notebook on its way to a page."""
    app.connect("source-read", replace_widgets)


def replace_widgets(app, docname, source):
    """Put a note where a notebook has a widget, which needs a kernel; leave progress bars out; mend links."""
    if not docname.startswith("notebooks/"):
        return
    notebook = json.loads(source[0])
    notebook["metadata"].pop("widgets", None)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "markdown":  # these pages lie beside the notebooks' folder, not in docs/
            cell["source"] = "".join(cell["source"]).replace("](../docs/", "](../")
        if "outputs" in cell:
            cell["outputs"] = [kept for output in cell["outputs"] for kept in _without_widget(output)]
    source[0] = json.dumps(notebook)


def _without_widget(output):
    data = output.get("data", {})
    if WIDGET not in data:
        return [output]
    if "%|" in "".join(data.get("text/plain", "")):  # tqdm's bar
        return []
    return [{"output_type": "display_data", "data": {"text/markdown": NOTE}, "metadata": {}}]
