using System.Globalization;
using System.Net;
using System.Text;

namespace Coppice.Training.Reports;

/// <summary>
/// A report as one HTML file that needs nothing else: the style sheet is inside, there is no script, and nothing is fetched. Readable on a wide and
/// a narrow screen, light and dark, and on paper. Everything that is passed in as text is escaped.
/// </summary>
public sealed class HtmlPage
{
    private readonly StringBuilder _body = new();
    private readonly string _title;

    /// <summary>Begins a page.</summary>
    /// <param name="title">Its title.</param>
    /// <param name="summary">A line under the title.</param>
    public HtmlPage(string title, string summary = "")
    {
        _title = title;
        _body.Append(CultureInfo.InvariantCulture, $"<header><h1>{Escape(title)}</h1>{(summary.Length > 0 ? $"<p>{Escape(summary)}</p>" : "")}</header>\n");
    }

    /// <summary>Makes text safe inside an element or a quoted attribute. Characters that no document may hold become U+FFFD.</summary>
    /// <param name="text">The text.</param>
    public static string Escape(string text) =>
        WebUtility.HtmlEncode(string.Concat(text.Select(c => char.IsControl(c) && c is not ('\n' or '\t') ? '\uFFFD' : c)));

    /// <summary>Adds a heading.</summary>
    /// <param name="text">The heading.</param>
    public void Heading(string text) => _body.Append(CultureInfo.InvariantCulture, $"<h2>{Escape(text)}</h2>\n");

    /// <summary>Adds a paragraph.</summary>
    /// <param name="text">The text.</param>
    public void Paragraph(string text) => _body.Append(CultureInfo.InvariantCulture, $"<p>{Escape(text)}</p>\n");

    /// <summary>Adds the numbers that a reader looks for first.</summary>
    /// <param name="numbers">Each with its name and, where needed, a note.</param>
    public void Numbers(IEnumerable<(string Name, string Value, string Note)> numbers)
    {
        _body.Append("<dl class=\"numbers\">");
        foreach (var (name, value, note) in numbers) _body.Append(CultureInfo.InvariantCulture, $"<div><dt>{Escape(name)}</dt><dd>{Escape(value)}</dd><dd class=\"note\">{Escape(note)}</dd></div>");
        _body.Append("</dl>\n");
    }

    /// <summary>Adds a chart over the whole width.</summary>
    /// <param name="chart">The chart.</param>
    public void Chart(LineChart chart) => _body.Append(chart.ToHtml());

    /// <summary>Adds small charts side by side, as many as fit.</summary>
    /// <param name="charts">The charts; their size is set here.</param>
    public void Charts(params ReadOnlySpan<LineChart> charts)
    {
        _body.Append("<div class=\"charts\">\n");
        foreach (var chart in charts) Chart(chart with { Width = 280, Height = 180 });
        _body.Append("</div>\n");
    }

    /// <summary>Adds names with values.</summary>
    /// <param name="rows">The rows.</param>
    public void Table(IEnumerable<(string Name, string Value)> rows)
    {
        _body.Append("<table>\n");
        foreach (var (name, value) in rows) _body.Append(CultureInfo.InvariantCulture, $"<tr><th scope=\"row\">{Escape(name)}</th><td>{Escape(value)}</td></tr>\n");
        _body.Append("</table>\n");
    }

    /// <summary>Adds a table with a heading for each column.</summary>
    /// <param name="headings">The headings.</param>
    /// <param name="rows">The rows, each with as many cells.</param>
    public void Grid(IReadOnlyList<string> headings, IReadOnlyList<IReadOnlyList<string>> rows)
    {
        _body.Append(CultureInfo.InvariantCulture, $"<div class=\"wide\"><table class=\"grid\">\n<tr>{string.Concat(headings.Select(heading => $"<th scope=\"col\">{Escape(heading)}</th>"))}</tr>\n");
        foreach (var row in rows) _body.Append(CultureInfo.InvariantCulture, $"<tr>{string.Concat(row.Select(cell => $"<td>{Escape(cell)}</td>"))}</tr>\n");
        _body.Append("</table></div>\n");
    }

    /// <summary>Adds a table of positive numbers in which each is shaded by how far it lies above the least of its column, and darkest from a quarter of that on.</summary>
    /// <param name="columns">The columns' names.</param>
    /// <param name="rows">The rows' names and numbers; null leaves a gap.</param>
    public void HeatMap(IReadOnlyList<string> columns, IReadOnlyList<(string Name, IReadOnlyList<double?> Values)> rows)
    {
        _body.Append(CultureInfo.InvariantCulture, $"<div class=\"wide\"><table class=\"grid heat\">\n<tr><th></th>{string.Concat(columns.Select(column => $"<th scope=\"col\">{Escape(column)}</th>"))}</tr>\n");
        foreach (var (name, values) in rows)
        {
            _body.Append(CultureInfo.InvariantCulture, $"<tr><th scope=\"row\">{Escape(name)}</th>");
            for (var column = 0; column < columns.Count; column++) _body.Append(Cell(values[column], [.. rows.Select(row => row.Values[column]).OfType<double>()]));
            _body.Append("</tr>\n");
        }

        _body.Append("</table></div>\n");
    }

    /// <summary>Adds a list of remarks.</summary>
    /// <param name="items">The remarks.</param>
    public void List(IEnumerable<string> items) => _body.Append(CultureInfo.InvariantCulture, $"<ul>{string.Concat(items.Select(item => $"<li>{Escape(item)}</li>"))}</ul>\n");

    /// <summary>Adds text as it stands, line by line, such as a recipe.</summary>
    /// <param name="text">The text.</param>
    public void Preformatted(string text) => _body.Append(CultureInfo.InvariantCulture, $"<pre>{Escape(text)}</pre>\n");

    /// <summary>Adds what a model wrote, with the part that it was given set apart.</summary>
    /// <param name="label">What stands beside it, such as the step.</param>
    /// <param name="prompt">What it was given.</param>
    /// <param name="text">How it went on.</param>
    public void Sample(string label, string prompt, string text) =>
        _body.Append(CultureInfo.InvariantCulture, $"<section class=\"sample\"><h3>{Escape(label)}</h3><blockquote><b>{Escape(prompt.TrimStart('\n'))}</b>{Escape(prompt.Trim('\n').Length == 0 ? text.TrimStart('\n') : text)}</blockquote></section>\n");

    /// <summary>The whole file.</summary>
    public override string ToString() => $"""
        <!doctype html>
        <html lang="en">
        <head>
        <meta charset="utf-8">
        <meta name="viewport" content="width=device-width, initial-scale=1">
        <meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
        <meta name="color-scheme" content="light dark">
        <title>{Escape(_title)}</title>
        <style>
        {Style}
        </style>
        </head>
        <body>
        {_body}</body>
        </html>

        """.ReplaceLineEndings("\n");

    // A shade on the column's own scale would make a loss of a hundredth look like the ruin that it is not.
    private const double Darkest = 0.55;
    private const double DarkestFrom = 0.25;

    private static string Cell(double? value, List<double> column)
    {
        if (value is not { } number) return "<td></td>";
        var least = column.Min();
        var shade = number > least ? Darkest * Math.Min(1, (number / least - 1) / DarkestFrom) : 0;
        return string.Create(CultureInfo.InvariantCulture, $"<td style=\"background: color-mix(in srgb, var(--c2) {100 * shade:0}%, transparent)\">{number:0.0000}</td>");
    }

    private const string Style = """
        :root { --paper: #fff; --ink: #1d1d1b; --soft: #6b6b66; --rule: #e3e2dc; --wash: #f7f6f2;
          --c1: #2b5c8a; --c2: #c2512b; --c3: #4c7a34; --c4: #7b4b8e; }
        @media (prefers-color-scheme: dark) {
          :root { --paper: #17181a; --ink: #e6e4df; --soft: #9b9993; --rule: #33353a; --wash: #1f2124;
            --c1: #7fb0de; --c2: #ee8f6b; --c3: #9cc684; --c4: #c69ad8; } }
        * { box-sizing: border-box; }
        body { margin: 0 auto; padding: 3.5rem 1.5rem 5rem; max-width: 58rem; background: var(--paper); color: var(--ink);
          font: 1rem/1.55 Charter, "Bitstream Charter", "Sitka Text", Cambria, Georgia, serif; font-variant-numeric: lining-nums tabular-nums; }
        h1 { margin: 0; font-size: 2.1rem; font-weight: 400; line-height: 1.2; }
        h2 { margin: 3rem 0 1rem; font-size: 1.25rem; font-weight: 400; }
        header p { margin: .35rem 0 0; color: var(--soft); }
        svg, dt, .note, th, td, figcaption, h3, li { font-family: system-ui, "Segoe UI", "Helvetica Neue", Arial, sans-serif; font-size: .82rem; }
        .numbers { display: grid; grid-template-columns: repeat(auto-fit, minmax(7.4rem, 1fr)); gap: 1.4rem 1.5rem; margin: 2rem 0 2.6rem;
          padding: 1.3rem 0 1.2rem; border-top: 1px solid var(--ink); border-bottom: 1px solid var(--rule); }
        .numbers dt, .numbers .note { color: var(--soft); }
        .numbers dd { margin: 0; font-size: 1.7rem; line-height: 1.3; white-space: nowrap; }
        .numbers dd.note { font-size: .82rem; white-space: normal; }
        figure { margin: 0 0 1.8rem; break-inside: avoid; }
        figcaption { margin-bottom: .5rem; }
        .key { margin-left: 1.4em; color: var(--soft); white-space: nowrap; }
        .key::before { content: ""; display: inline-block; width: 1.5em; margin-right: .5em; border-top: 2px solid; vertical-align: .27em; }
        .key.c1::before { color: var(--c1); } .key.c2::before { color: var(--c2); } .key.c3::before { color: var(--c3); } .key.c4::before { color: var(--c4); }
        .key.faint::before { opacity: .35; } .key.dashed::before { border-top-style: dashed; }
        .charts { display: grid; grid-template-columns: repeat(auto-fit, minmax(15rem, 1fr)); gap: 0 2rem; }
        svg { display: block; width: 100%; height: auto; overflow: visible; }
        .charts svg { max-width: 24rem; }
        svg text { font-size: 12px; fill: var(--soft); }
        svg .end { text-anchor: end; } svg .middle { text-anchor: middle; }
        .grid { stroke: var(--rule); } .axis { stroke: var(--soft); }
        .line { fill: none; stroke-width: 1.6; stroke-linejoin: round; }
        .line.faint { stroke-width: 1; opacity: .35; } .line.dashed { stroke-dasharray: 6 4; }
        .line.c1 { stroke: var(--c1); } .line.c2 { stroke: var(--c2); } .line.c3 { stroke: var(--c3); } .line.c4 { stroke: var(--c4); }
        circle.c1 { fill: var(--c1); } circle.c2 { fill: var(--c2); } circle.c3 { fill: var(--c3); } circle.c4 { fill: var(--c4); }
        .sample { display: grid; grid-template-columns: 7rem 1fr; border-top: 1px solid var(--rule); padding: .8rem 0; break-inside: avoid; }
        .sample h3 { margin: .15rem 0 0; font-weight: 400; color: var(--soft); }
        blockquote { margin: 0; max-width: 38rem; white-space: pre-wrap; overflow-wrap: anywhere; }
        blockquote b { font-weight: 400; color: var(--c2); }
        .wide { margin-bottom: 1.6rem; overflow-x: auto; } .grid td, .grid th { padding-right: 1rem; overflow-wrap: break-word; } .grid th { width: auto; }
        .heat td, .heat th + th { padding-left: .5rem; }
        table { border-collapse: collapse; width: 100%; }
        th, td { padding: .35rem 0; border-top: 1px solid var(--rule); text-align: left; vertical-align: top; overflow-wrap: anywhere; }
        th { width: 14rem; padding-right: 1.5rem; font-weight: 400; color: var(--soft); }
        ul { margin: 0; padding-left: 1.2rem; } li { margin: .25rem 0; }
        pre { margin: 0; padding: 1.1rem 1.3rem; background: var(--wash); white-space: pre-wrap; overflow-wrap: anywhere;
          font: .78rem/1.55 ui-monospace, "Cascadia Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; }
        @media (min-width: 50rem) { pre { columns: 2; column-gap: 3rem; } }
        @media (max-width: 40rem) { .sample { grid-template-columns: 1fr; } body { padding-top: 2rem; } }
        @media print { body { max-width: none; padding: 0; font-size: 10pt; } :root { --paper: #fff; --ink: #000; --soft: #555; --rule: #ccc; --wash: #fff;
          --c1: #1f4e79; --c2: #b5451f; --c3: #3c6b27; --c4: #6a3c7d; } h2 { break-after: avoid; } pre { padding: 0; } }
        """;
}
