using Coppice.Testing;

namespace Coppice.Cli.Tests;

/// <summary>docs/techniques.md lists what the code says it implements. <c>COPPICE_UPDATE=1</c> writes it anew.</summary>
public class TechniquesDocumentTests
{
    private const string UpdateVariable = "COPPICE_UPDATE";
    private const string Update = $"{UpdateVariable}=1 dotnet test -c Release tests/Coppice.Cli.Tests --filter {nameof(TechniquesDocumentTests)}";

    private const string Heading = $"""
        # Techniques

        What is implemented of the literature, and where: the `[Technique]` attributes in the code, which `coppice techniques` lists too. A test
        fails where this page differs from them; this writes it anew:

            {Update}

        | Name | Title | Paper | Where |
        | --- | --- | --- | --- |

        """;

    [Fact]
    public void The_document_lists_the_techniques_in_the_code()
    {
        var path = Path.Combine(SharedData.RepositoryRoot, "docs", "techniques.md");
        var expected = Write();
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1") File.WriteAllText(path, expected);
        var found = File.Exists(path) ? File.ReadAllText(path).ReplaceLineEndings("\n") : "";
        Assert.True(found == expected, $"docs/techniques.md is not what the code says. Write it anew: {Update}");
    }

    private static string Write() =>
        Heading.ReplaceLineEndings("\n") + string.Concat(CommandRun.Of("techniques", "--json").Json.GetProperty("techniques").EnumerateArray().Select(technique =>
        {
            string Text(string field) => technique.GetProperty(field).GetString()!;
            return $"| `{Text("name")}` | {Text("title")} | {Link(Text("paper"))} | {Where(Text("name"))} |\n";
        }));

    private static string Link(string paper) => paper.Split(':', 2) switch
    {
        ["arXiv", var number] => $"[{paper}](https://arxiv.org/abs/{number})",
        ["doi", var name] => $"[{paper}](https://doi.org/{name.Replace("(", "%28", StringComparison.Ordinal).Replace(")", "%29", StringComparison.Ordinal)})",
        _ => paper,
    };

    // An attribute doesn't know its file; its text does.
    private static string Where(string name)
    {
        var source = Path.Combine(SharedData.RepositoryRoot, "src");
        var files = Directory.EnumerateFiles(source, "*.cs", SearchOption.AllDirectories)
            .Where(file => File.ReadAllText(file).Contains($"[Technique(\"{name}\",", StringComparison.Ordinal))
            .Select(file => Path.GetRelativePath(source, file).Replace(Path.DirectorySeparatorChar, '/'))
            .Order(StringComparer.Ordinal)
            .ToList();
        Assert.NotEmpty(files);
        return string.Join(", ", files.Select(file => $"[{file}](../src/{file})"));
    }
}
