using Coppice.Adapters;
using Coppice.Cli.Output;
using Coppice.Evaluation;

namespace Coppice.Cli.Commands;

/// <summary>Accuracy and flips of models that do one task, as a table.</summary>
internal static class FlipsOutput
{
    /// <summary>A row of the table: how a model stands against the one of the first row.</summary>
    /// <param name="Name">What it is.</param>
    /// <param name="Accuracy">Its accuracy.</param>
    /// <param name="Flips">From the first to it; null in the first row.</param>
    internal sealed record Row(string Name, BootstrapInterval Accuracy, Flips? Flips);

    /// <summary>Prints rows.</summary>
    public static void Write(IEnumerable<Row> rows) => Page.Table(
        ["", "accuracy", "95 % interval", "right to wrong", "wrong to right", "p", "items"],
        [.. rows.Select(row => (IReadOnlyList<string>)[
            row.Name, Figures.Percent(row.Accuracy.Value), $"{Figures.Percent(row.Accuracy.Low)} to {Figures.Percent(row.Accuracy.High)}",
            row.Flips is { } flips ? Figures.Count(flips.Negative) : "", row.Flips is { } others ? Figures.Count(others.Positive) : "",
            row.Flips is { } tested ? Figures.Number(tested.PValue) : "", Figures.Count(row.Accuracy.Examples)])]);
}
