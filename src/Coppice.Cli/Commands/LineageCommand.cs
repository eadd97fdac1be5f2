using System.CommandLine;
using Coppice.Cli.Output;
using Coppice.Continual.Lineage;
using Coppice.Evaluation;
using Coppice.Foundation;

namespace Coppice.Cli.Commands;

/// <summary><c>coppice lineage</c>: the chain of updates that a model came from.</summary>
internal static class LineageCommand
{
    public static Command Create()
    {
        var model = new Argument<string>("MODEL") { Description = "A model directory, or a run's" };
        var restore = new Option<int?>("--restore") { Description = "Copy this version of the chain (0 is the first) to the directory of -o", HelpName = "N" };
        var output = new Option<string?>("--output", "-o") { Description = "Where --restore puts the copy", HelpName = "DIR" };
        var command = new Command("lineage", "Show the chain of updates that a model came from, and bring back a version of it") { model, restore, output, CommonOptions.Json };
        command.Validators.Add(result =>
        {
            if (result.GetValue(restore) is not null != result.GetValue(output) is not null) result.AddError("--restore N and -o DIR belong together");
        });
        command.SetAction(parse =>
        {
            var chain = ModelLineage.Read(parse.GetRequiredValue(model));
            if (parse.GetValue(restore) is { } version)
            {
                if (version < 0 || version >= chain.Count) throw CoppiceException.Usage($"--restore {version}: the chain has the versions 0 to {chain.Count - 1}");
                ModelLineage.Restore(chain[version], parse.GetValue(output)!);
            }

            var matrix = ModelLineage.Matrix(chain);
            if (parse.GetValue(CommonOptions.Json)) JsonOutput.Write(new { Versions = chain.Select(Json), Sources = matrix?.Sources.Select(source => source.Name) ?? [], BitsPerByte = Rows(chain, matrix) });
            else Describe(chain, matrix);
            return (int)ExitCode.Done;
        });
        return command;
    }

    private static void Describe(IReadOnlyList<Ancestor> chain, VersionMatrix? matrix)
    {
        Page.Table(
            ["version", "model", "learned", "tokens", "files"],
            [.. chain.Select((ancestor, version) => (IReadOnlyList<string>)[
                Figures.Count(version), ancestor.Directory, Learned(chain, version), ancestor.Provenance is { } provenance ? Figures.Count(provenance.Tokens) : "",
                ancestor.State switch { AncestorState.Intact => "intact", AncestorState.Changed => "CHANGED since its update", _ => "MISSING" }])]);
        if (matrix is null) return;
        Page.Line();
        Page.Line("Bits per byte of what was kept apart of each source:");
        Page.Table(
            ["version", .. matrix.Sources.Select(source => source.Name)],
            [.. Rows(chain, matrix).Select((row, version) => (IReadOnlyList<string>)[Figures.Count(version), .. row.Select(value => value is { } bits ? Figures.Number(bits) : "")])]);
    }

    private static string Learned(IReadOnlyList<Ancestor> chain, int version)
    {
        var before = version > 0 ? chain[version - 1].Provenance?.Sources.Select(source => source.Name).ToHashSet(StringComparer.Ordinal) ?? [] : [];
        return string.Join(", ", chain[version].Provenance?.Sources.Select(source => source.Name).Where(name => !before.Contains(name)) ?? []);
    }

    private static object Json(Ancestor ancestor) => new { ancestor.Directory, ancestor.Fingerprint, State = ancestor.State.ToString().ToLowerInvariant(), ancestor.Provenance?.Tokens, ancestor.Provenance?.Steps };

    private static IReadOnlyList<IReadOnlyList<double?>> Rows(IReadOnlyList<Ancestor> chain, VersionMatrix? matrix) =>
        matrix is null ? [] : [.. chain.Select((_, version) => (IReadOnlyList<double?>)[.. matrix.Sources.Select((_, source) => matrix[version, source])])];
}
