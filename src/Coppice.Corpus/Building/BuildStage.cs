using System.Globalization;
using System.Text;
using Coppice.Foundation;

namespace Coppice.Corpus.Building;

/// <summary>
/// What is done to a chunk of documents in one go: the decisions of the corpus step before are carried out, then document steps follow one another, then the corpus
/// step that comes next looks at what is left.
/// </summary>
/// <param name="Number">The stage's number, from 0.</param>
/// <param name="FirstStep">The number, in the recipe, of the first step that is counted in it.</param>
/// <param name="Decided">The step whose decisions are carried out first, or null in the first stage.</param>
/// <param name="Steps">The document steps.</param>
/// <param name="Decides">The step that decides when this stage is through, or null in the last one.</param>
/// <param name="Fingerprint">Everything that the stage's results depend on beside the documents.</param>
internal sealed record BuildStage(int Number, int FirstStep, ConfiguredStep? Decided, IReadOnlyList<ConfiguredStep> Steps, ConfiguredStep? Decides, string Fingerprint)
{
    private const int KeyLength = 32;

    /// <summary>Whether it writes what the corpus will hold.</summary>
    public bool IsLast => Decides is null;

    /// <summary>The steps that are counted in this stage, in order.</summary>
    public IEnumerable<ConfiguredStep> CountedSteps => Decided is null ? Steps : Steps.Prepend(Decided);

    /// <summary>Divides a recipe into stages.</summary>
    /// <param name="recipe">The recipe.</param>
    /// <param name="split">How the last stage divides documents.</param>
    /// <exception cref="CoppiceException">A file that a step names can't be read.</exception>
    public static IReadOnlyList<BuildStage> Of(CurationRecipe recipe, CorpusSplit split)
    {
        var stages = new List<BuildStage>();
        var steps = new List<ConfiguredStep>();
        ConfiguredStep? decided = null;
        foreach (var step in recipe.Steps)
        {
            if (!step.EndsStage)
            {
                steps.Add(step);
                continue;
            }

            stages.Add(Create(stages, decided, steps, step, split));
            (decided, steps) = (step, []);
        }

        stages.Add(Create(stages, decided, steps, null, split));
        return stages;
    }

    /// <summary>A key for what depends on some texts: 128 bits of the checksum of them all, each set apart from the next.</summary>
    /// <param name="parts">The texts.</param>
    public static string Hash(params IEnumerable<string> parts)
    {
        var text = new StringBuilder();
        foreach (var part in parts) text.Append(CultureInfo.InvariantCulture, $"{part.Length}:{part};");
        return Checksum.Of(text.ToString())[..KeyLength];
    }

    private static BuildStage Create(List<BuildStage> before, ConfiguredStep? decided, List<ConfiguredStep> steps, ConfiguredStep? decides, CorpusSplit split)
    {
        List<string> parts = [ProgramVersion(typeof(BuildStage))];
        foreach (var step in new[] { decided, null }.Concat(steps).Append(null).Append(decides)) parts.Add(step is null ? "" : Configuration(step));
        if (decides?.Step is ICorpusStep corpusStep) parts.Add(corpusStep.SketchVersion);
        if (decides is null) parts.Add(string.Create(CultureInfo.InvariantCulture, $"{split.Kind} {split.ValidationShare:R} {split.Seed}"));
        return new BuildStage(before.Count, before.Sum(stage => stage.CountedSteps.Count()), decided, steps, decides, Hash(parts));
    }

    private static string Configuration(ConfiguredStep step)
    {
        try
        {
            return Hash([
                step.Name,
                ProgramVersion(step.Step.GetType()),
                .. step.Options.Select(option => $"{option.Key}={option.Value}"),
                .. step.NamedFiles.Select(Checksum.OfFile)]);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CoppiceException($"{step.Name}: {error.Message}", inner: error);
        }
    }

    // Another build of the program may do a step otherwise; what it made is not mixed with what this one makes.
    private static string ProgramVersion(Type type) => type.Assembly.ManifestModule.ModuleVersionId.ToString();
}
