using System.Globalization;
using System.Text;

namespace Coppice.Training.Reports;

/// <summary>How a series is drawn.</summary>
public enum SeriesStyle
{
    /// <summary>A line.</summary>
    Line,

    /// <summary>A pale line: measurements that another series smooths.</summary>
    Faint,

    /// <summary>A line with a dot at each point, whose values show when pointed at.</summary>
    Dots,
}

/// <summary>One series of a chart.</summary>
/// <param name="Name">Its name in the legend.</param>
/// <param name="Points">Its points by rising x. A point that is not finite leaves a gap.</param>
/// <param name="Color">Which of the report's four colours, from 1 on; from 5 on they come again with dashed lines.</param>
/// <param name="Style">How it is drawn.</param>
public sealed record ChartSeries(string Name, IReadOnlyList<(double X, double Y)> Points, int Color = 1, SeriesStyle Style = SeriesStyle.Line)
{
    private const int Colors = 4;

    /// <summary>The colour's class in the style sheet.</summary>
    internal string ColorClass => string.Create(CultureInfo.InvariantCulture, $"c{((Color - 1) % Colors) + 1}");

    /// <summary>The classes of its line and of its key.</summary>
    internal string LineClasses => ColorClass + (Color > Colors ? " dashed" : "") + (Style == SeriesStyle.Faint ? " faint" : "");
}

/// <summary>
/// A line chart as inline SVG. Its colours are classes of <see cref="HtmlPage"/>'s style sheet, so that it follows light, dark and print.
/// </summary>
public sealed record LineChart
{
    private const double LineHeight = 18, DotRadius = 3.2;

    /// <summary>The most points of a line that are drawn; of more, the least and the greatest of each stretch are.</summary>
    private const int MaximumPoints = 600;

    /// <summary>What the chart shows, and in which unit.</summary>
    public required string Title { get; init; }

    /// <summary>What the horizontal axis counts.</summary>
    public required string XLabel { get; init; }

    /// <summary>The series, drawn in this order.</summary>
    public required IReadOnlyList<ChartSeries> Series { get; init; }

    /// <summary>Whether the vertical axis begins at 0.</summary>
    public bool FromZero { get; init; }

    /// <summary>The width in the SVG's units, of which the text is 12 high.</summary>
    public double Width { get; init; } = 860;

    /// <summary>The height in the same units.</summary>
    public double Height { get; init; } = 320;

    /// <summary>The chart as a figure with a caption; empty where no series has a point.</summary>
    public string ToHtml()
    {
        var points = Series.SelectMany(series => series.Points).Where(IsFinite).ToList();
        if (points.Count == 0) return "";

        var yTicks = NumberText.Ticks(FromZero ? Math.Min(0, points.Min(point => point.Y)) : points.Min(point => point.Y), points.Max(point => point.Y), 5);
        var (xMinimum, xMaximum) = (points.Min(point => point.X), points.Max(point => point.X));
        if (xMinimum > 0 && xMinimum < xMaximum / 10) xMinimum = 0;
        if (xMinimum == xMaximum) (xMinimum, xMaximum) = (xMinimum - 1, xMaximum + 1);
        var yLabels = yTicks.Select(NumberText.Short).ToList();
        var left = 12 + (6.4 * yLabels.Max(label => label.Length));
        var (right, top, bottom) = (Width - 12, 8.0, Height - 40);

        var svg = new StringBuilder();
        svg.Append(Text($"<svg viewBox=\"0 0 {Width} {Height}\" role=\"img\" aria-label=\"{HtmlPage.Escape(Title)}\">"));
        for (var i = 0; i < yTicks.Count; i++)
        {
            var y = Y(yTicks[i]);
            svg.Append(Text($"<line class=\"{(i == 0 ? "axis" : "grid")}\" x1=\"{left:0.#}\" y1=\"{y:0.#}\" x2=\"{right:0.#}\" y2=\"{y:0.#}\"/>"));
            svg.Append(Text($"<text class=\"end\" x=\"{left - 6:0.#}\" y=\"{y + 4:0.#}\">{yLabels[i]}</text>"));
        }

        foreach (var tick in NumberText.Ticks(xMinimum, xMaximum, (int)(Width / 100)).Where(tick => tick >= xMinimum && tick <= xMaximum))
        {
            svg.Append(Text($"<line class=\"axis\" x1=\"{X(tick):0.#}\" y1=\"{bottom:0.#}\" x2=\"{X(tick):0.#}\" y2=\"{bottom + 4:0.#}\"/>"));
            svg.Append(Text($"<text class=\"middle\" x=\"{X(tick):0.#}\" y=\"{bottom + LineHeight:0.#}\">{NumberText.Short(tick)}</text>"));
        }

        svg.Append(Text($"<text class=\"middle\" x=\"{(left + right) / 2:0.#}\" y=\"{Height - 4:0.#}\">{HtmlPage.Escape(XLabel)}</text>"));
        foreach (var series in Series) Draw(series);
        return $"<figure><figcaption>{HtmlPage.Escape(Title)}{Legend()}</figcaption>{svg}</svg></figure>\n";

        double X(double value) => left + ((value - xMinimum) / (xMaximum - xMinimum) * (right - left));
        double Y(double value) => bottom - ((value - yTicks[0]) / (yTicks[^1] - yTicks[0]) * (bottom - top));

        void Draw(ChartSeries series)
        {
            var path = new StringBuilder();
            var draw = false;
            foreach (var point in Thin(series.Points))
            {
                if (IsFinite(point)) path.Append(Text($"{(draw ? 'L' : 'M')}{X(point.X):0.#} {Y(point.Y):0.#}"));
                draw = IsFinite(point);
            }

            svg.Append(Text($"<path class=\"line {series.LineClasses}\" d=\"{path}\"/>"));
            if (series.Style != SeriesStyle.Dots) return;
            foreach (var point in series.Points.Where(IsFinite))
            {
                svg.Append(Text($"<circle class=\"{series.ColorClass}\" cx=\"{X(point.X):0.#}\" cy=\"{Y(point.Y):0.#}\" r=\"{DotRadius}\"><title>{HtmlPage.Escape(XLabel)} {NumberText.Whole((long)point.X)}: {NumberText.Short(point.Y)}</title></circle>"));
            }
        }
    }

    // A chart of one series needs no legend: its title says what it is.
    private string Legend() => Series.Count < 2
        ? ""
        : string.Concat(Series.Select(series => Text($"<span class=\"key {series.LineClasses}\">{HtmlPage.Escape(series.Name)}</span>")));

    private static IEnumerable<(double X, double Y)> Thin(IReadOnlyList<(double X, double Y)> points)
    {
        if (points.Count <= MaximumPoints) return points;
        var stretch = (points.Count + (MaximumPoints / 2) - 1) / (MaximumPoints / 2);
        return points.Chunk(stretch).SelectMany(chunk =>
        {
            // A gap stays a gap; otherwise the extremes in their order.
            if (!chunk.All(IsFinite)) return chunk.Where(point => !IsFinite(point)).Take(1);
            (double X, double Y)[] extremes = [chunk.MinBy(point => point.Y), chunk.MaxBy(point => point.Y)];
            return extremes.Distinct().OrderBy(point => point.X);
        });
    }

    private static bool IsFinite((double X, double Y) point) => double.IsFinite(point.X) && double.IsFinite(point.Y);

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
