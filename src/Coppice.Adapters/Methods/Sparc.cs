using Coppice.Foundation;
using Coppice.Models;
using Coppice.Tensors;

namespace Coppice.Adapters.Methods;

/// <summary>What <see cref="Sparc.Add"/> found.</summary>
/// <param name="Adapter">The new adapter.</param>
/// <param name="Reused">The number of the earlier task whose prompt it begins as; null where it has a subspace of its own.</param>
/// <param name="Overlaps">The overlap of the new task's subspace with that of each earlier task, from 0 to 1.</param>
public sealed record SparcTask(Adapter Adapter, int? Reused, IReadOnlyList<double> Overlaps);

/// <summary>
/// A prompt in a subspace: S · W, where the rows of W [k, d] are the principal components of the embeddings of the task's tokens, and only S [P, k] is trained. A task
/// whose subspace overlaps with that of an earlier one begins as that one's prompt; another has a subspace that is orthogonal to all earlier ones.
/// </summary>
[Technique("sparc", Title = "SPARC: Subspace-Aware Prompt Adaptation for Robust Continual Learning in LLMs", Paper = "arXiv:2502.02909")]
public sealed class Sparc : PromptMethod
{
    /// <summary>The overlap from which on the prompt of an earlier task is taken up.</summary>
    public const double UsualThreshold = 0.5;

    private const string Coordinates = "sparc_coordinates";
    private const string Basis = "sparc_basis";

    // Enough rows for k directions; the decomposition is in double precision and on one thread a vector.
    private const int MostRows = 4096;

    /// <inheritdoc/>
    public override string Name => "sparc";

    /// <summary>P · k.</summary>
    /// <inheritdoc/>
    public override long CountOf(LanguageModel model, AdapterSettings settings, IReadOnlyList<TargetModule> targets) => (long)Of(settings).Tokens * Of(settings).Dimensions;

    /// <summary>Adds a prompt for a new task.</summary>
    /// <param name="set">The adapters of the base.</param>
    /// <param name="name">The new adapter's name.</param>
    /// <param name="settings">Its settings.</param>
    /// <param name="taskTokens">The tokens of the task's texts.</param>
    /// <param name="earlier">The prompts of earlier tasks, which stay as they are.</param>
    /// <param name="seed">Decides the first values.</param>
    /// <param name="threshold">The overlap from which on an earlier task's prompt is taken up.</param>
    /// <exception cref="CoppiceException">There are fewer tokens than dimensions, or an earlier adapter is none of this kind and size.</exception>
    public static SparcTask Add(
        AdapterSet set, string name, AdapterSettings settings, IReadOnlyList<int> taskTokens, IReadOnlyList<AdapterContents> earlier, ulong seed, double threshold = UsualThreshold)
    {
        settings = settings with { Method = "sparc" };
        var bases = earlier.Select(task => BasisOf(task, settings, set.Model)).ToList();
        var basis = PrincipalComponents(set.Model, taskTokens, Of(settings).Dimensions, [], seed);
        var overlaps = bases.Select(other => Overlap(basis, other)).ToList();
        var best = overlaps.Count == 0 ? -1 : overlaps.IndexOf(overlaps.Max());
        if (best >= 0 && overlaps[best] >= threshold) return new SparcTask((earlier[best] with { Settings = settings }).AddTo(set, name, trainable: true), best, overlaps);
        if (bases.Count > 0) basis = PrincipalComponents(set.Model, taskTokens, Of(settings).Dimensions, [.. bases.SelectMany(rows => rows)], seed);
        var adapter = set.Add(name, settings, seed);
        adapter.Frozen[Basis].Tensor.CopyFrom(Flat(basis));
        return new SparcTask(adapter, null, overlaps);
    }

    /// <summary>How much of a subspace lies in another: the mean of the squared cosines of the angles between them, 1 for the same and 0 for orthogonal ones.</summary>
    /// <param name="a">Orthonormal rows.</param>
    /// <param name="b">As many.</param>
    public static double Overlap(IReadOnlyList<double[]> a, IReadOnlyList<double[]> b) => a.Sum(x => b.Sum(y => Math.Pow(Orthonormal.Dot(x, y), 2))) / Math.Min(a.Count, b.Count);

    internal override (IEnumerable<ParameterSpecification> Trained, IEnumerable<ParameterSpecification> Frozen) Specify(LanguageModel model, AdapterSettings settings, IReadOnlyList<TargetModule> targets)
    {
        var (tokens, dimensions, columns) = (Of(settings).Tokens, Of(settings).Dimensions, model.EmbeddingColumns);
        if (dimensions < 1 || dimensions > columns) throw CoppiceException.Usage($"a subspace of {dimensions} dimensions: 1 to the embeddings' {columns} is expected");
        return ([new ParameterSpecification(Coordinates, new Shape(tokens, dimensions))], [new ParameterSpecification(Basis, new Shape(dimensions, columns))]);
    }

    // Without a task's tokens, the subspace of the whole vocabulary.
    internal override void Initialize(AdapterParts parts, ulong seed)
    {
        var (model, dimensions) = (parts.Model, Of(parts.Settings).Dimensions);
        parts.Frozen[Basis].Tensor.CopyFrom(Flat(PrincipalComponents(model, [.. Enumerable.Range(0, model.Configuration.VocabularySize)], dimensions, [], seed)));
        // So that the prompt's values are as far from 0 as those of embeddings.
        FillNormal(parts.Trained[Coordinates], Deviation(model) * Math.Sqrt((double)model.EmbeddingColumns / dimensions), seed);
    }

    internal override AdapterWiring Wire(AdapterParts parts) =>
        new([], new SoftPrompt(Of(parts.Settings).Tokens, tape => tape.MatMul(parts.Trained[Coordinates].Tensor, parts.Frozen[Basis].Tensor)));

    /// <summary>The directions in which the embeddings of tokens differ most, without what lies in others: [count] orthonormal vectors.</summary>
    internal static double[][] PrincipalComponents(LanguageModel model, IReadOnlyList<int> tokens, int count, double[][] without, ulong seed)
    {
        if (tokens.Count < count) throw CoppiceException.Usage($"a subspace of {count} dimensions needs as many tokens of the task, and there are {tokens.Count}");
        if (without.Length + count > model.EmbeddingColumns) throw CoppiceException.Usage($"the embeddings have {model.EmbeddingColumns} dimensions, of which earlier tasks have {without.Length}: there is no room for {count} more");
        var (rows, columns) = (Math.Min(tokens.Count, MostRows), model.EmbeddingColumns);
        // Evenly over all of them.
        var values = model.EmbeddingsOf([.. Enumerable.Range(0, rows).Select(row => tokens[(int)((long)row * tokens.Count / rows)])]);
        Center(values, rows, columns);
        Orthonormal.Make(without = [.. without.Select(vector => (double[])vector.Clone())]);
        foreach (var vector in without) Project(values, rows, vector);
        var components = TruncatedSvd.Of(values, rows, columns, Math.Min(count, Math.Min(rows, columns)), Initial.RandomOf(Basis, seed)).Right;
        // Rounding, and directions that the data has none of, leave something of the others in them.
        double[][] all = [.. without, .. components];
        Orthonormal.Make(all);
        components = all[without.Length..];
        if (components.Length < count || components.Any(vector => Orthonormal.Dot(vector, vector) < 0.5)) throw CoppiceException.Usage($"the task's tokens differ in fewer than {count} directions: give it more text, or fewer dimensions");
        return components;
    }

    private static double[][] BasisOf(AdapterContents task, AdapterSettings settings, LanguageModel model)
    {
        var (tokens, dimensions, columns) = (Of(settings).Tokens, Of(settings).Dimensions, model.EmbeddingColumns);
        var basis = task.Tensors.FirstOrDefault(tensor => tensor.Name == Basis);
        if (task.Settings.Method != "sparc" || basis is null || basis.Shape != new Shape(dimensions, columns) || Of(task.Settings).Tokens != tokens)
            throw CoppiceException.Usage($"an earlier task's adapter is no sparc of {tokens} virtual tokens and {dimensions} dimensions on this base");
        return [.. Enumerable.Range(0, dimensions).Select(k => Array.ConvertAll(basis.Values[(k * columns)..((k + 1) * columns)], value => (double)value))];
    }

    private static float[] Flat(double[][] vectors) => [.. vectors.SelectMany(vector => vector.Select(value => (float)value))];

    private static void Center(float[] values, int rows, int columns)
    {
        for (var column = 0; column < columns; column++)
        {
            var mean = 0.0;
            for (var row = 0; row < rows; row++) mean += values[row * columns + column];
            mean /= rows;
            for (var row = 0; row < rows; row++) values[row * columns + column] = (float)(values[row * columns + column] - mean);
        }
    }

    private static void Project(float[] values, int rows, double[] away)
    {
        var columns = away.Length;
        for (var row = 0; row < rows; row++)
        {
            var part = 0.0;
            for (var column = 0; column < columns; column++) part += values[row * columns + column] * away[column];
            for (var column = 0; column < columns; column++) values[row * columns + column] = (float)(values[row * columns + column] - part * away[column]);
        }
    }
}
