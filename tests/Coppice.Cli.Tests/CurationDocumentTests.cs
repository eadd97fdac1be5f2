using System.Globalization;
using System.Text;
using System.Text.Json;
using Coppice.Testing;

namespace Coppice.Cli.Tests;

/// <summary>The end of docs/curation.md lists the steps as the code describes them. <c>COPPICE_UPDATE=1</c> writes it anew.</summary>
public class CurationDocumentTests
{
    private const string UpdateVariable = "COPPICE_UPDATE";
    private const string Heading = "## All steps\n";
    private const string Update = $"{UpdateVariable}=1 dotnet test -c Release tests/Coppice.Cli.Tests --filter {nameof(CurationDocumentTests)}";

    [Fact]
    public void The_document_lists_every_step_with_its_source_its_defaults_and_why()
    {
        var path = Path.Combine(SharedData.RepositoryRoot, "docs", "curation.md");
        var found = File.ReadAllText(path).ReplaceLineEndings("\n");
        var before = found[..found.IndexOf(Heading, StringComparison.Ordinal)];
        var expected = before + Write();
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1") File.WriteAllText(path, found = expected);
        Assert.True(found == expected, $"docs/curation.md does not list the steps as the code does. Write it anew: {Update}");
    }

    private static string Write()
    {
        var text = new StringBuilder(Heading);
        text.Append(CultureInfo.InvariantCulture, $"\nAs `coppice corpus steps` prints them. A test fails where this differs from the code; this writes it anew: `{Update}`\n");
        foreach (var step in CommandRun.Of("corpus", "steps", "--json").Json.GetProperty("steps").EnumerateArray())
        {
            text.Append(CultureInfo.InvariantCulture, $"\n### {Text(step, "name")}\n\n{Capitalised(Text(step, "summary"))}. {Text(step, "why")}\n");
            var options = step.GetProperty("options").EnumerateArray().ToList();
            if (options.Count > 0) text.Append("\n| option | default | can be |\n| --- | --- | --- |\n");
            foreach (var option in options) text.Append(CultureInfo.InvariantCulture, $"| `{Text(option, "key")}` | {Default(option)} | {Text(option, "allowed")} |\n");
            var sources = step.GetProperty("sources").EnumerateArray().Select(source => $"{Text(source, "title")} ({Text(source, "paper")})").ToList();
            if (sources.Count > 0) text.Append(CultureInfo.InvariantCulture, $"\nFrom: {string.Join("; ", sources)}.\n");
        }

        return text.ToString();
    }

    private static string Default(JsonElement option) => option.GetProperty("value").GetString() switch
    {
        null => "must be given",
        "" or "[]" => "none",
        var value => $"`{value}`",
    };

    private static string Text(JsonElement element, string field) => element.GetProperty(field).GetString()!;

    private static string Capitalised(string text) => char.ToUpperInvariant(text[0]) + text[1..];
}
