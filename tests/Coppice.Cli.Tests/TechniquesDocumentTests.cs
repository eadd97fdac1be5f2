using System.Text;
using Coppice.Testing;

namespace Coppice.Cli.Tests;

/// <summary>docs/techniques.md lists what the code says it implements. <c>COPPICE_UPDATE=1</c> writes it anew.</summary>
public class TechniquesDocumentTests
{
    private const string UpdateVariable = "COPPICE_UPDATE";

    [Fact]
    public void The_document_lists_the_techniques_in_the_code()
    {
        var path = Path.Combine(SharedData.RepositoryRoot, "docs", "techniques.md");
        var expected = Write();
        if (Environment.GetEnvironmentVariable(UpdateVariable) == "1") File.WriteAllText(path, expected);
        var found = File.Exists(path) ? File.ReadAllText(path).ReplaceLineEndings("\n") : "";
        Assert.True(
            found == expected,
            $"docs/techniques.md is not what the code says. Write it anew: {UpdateVariable}=1 dotnet test -c Release tests/Coppice.Cli.Tests --filter {nameof(TechniquesDocumentTests)}");
    }

    private static string Write()
    {
        var page = new StringBuilder();
        page.Append("# Techniques\n\n");
        page.Append("What is implemented of the literature, and where. Written from the `[Technique]` attributes in the code, as is `coppice techniques`; a test\n");
        page.Append($"fails where this page differs from them. To write it anew: `{UpdateVariable}=1 dotnet test -c Release tests/Coppice.Cli.Tests`.\n\n");
        page.Append("| Name | Source | Paper | Where |\n| --- | --- | --- | --- |\n");
        foreach (var technique in CommandRun.Of("techniques", "--json").Json.GetProperty("techniques").EnumerateArray())
        {
            var name = technique.GetProperty("name").GetString()!;
            page.Append($"| `{name}` | {technique.GetProperty("title").GetString()} | {Link(technique.GetProperty("paper").GetString()!)} | {Where(name)} |\n");
        }

        return page.ToString();
    }

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
