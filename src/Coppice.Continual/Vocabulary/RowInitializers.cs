using Coppice.Foundation;
using Coppice.Tensors;

namespace Coppice.Continual.Vocabulary;

/// <summary>Writes the row of a new token.</summary>
/// <param name="old">The rows of the old tokens in the same matrix.</param>
/// <param name="id">The new token.</param>
/// <param name="pieces">The old tokens that it stands for.</param>
/// <param name="row">[hidden].</param>
internal delegate void RowInitializer(OldRows old, int id, IReadOnlyList<int> pieces, Span<float> row);

/// <summary>
/// What the rows of new tokens start as, by name. Between the old rows (in their convex hull) a new token can't take over the distribution: see the source.
/// <list type="bullet">
/// <item><c>pieces</c>: the mean of the rows of the old tokens that the new one stands for.</item>
/// <item><c>mean</c>: the mean of all old rows, and noise of a hundredth of their standard deviation, so that no two are alike. All of m new tokens then
/// have a probability of at most about m / (n + m) beside n old ones.</item>
/// <item><c>random</c>: as the model's own initial values. In the head this is for comparison alone: where old logits are well below 0, such tokens take
/// nearly all probability.</item>
/// </list>
/// </summary>
[Technique("vocabulary-rows", Title = "An Empirical Comparison of Vocabulary Expansion and Initialization Approaches for Language Models", Paper = "arXiv:2407.05841")]
public static class RowInitializers
{
    /// <summary>What is used where nothing is said.</summary>
    public const string Default = "pieces";

    private const float Noise = 0.01f;

    private static readonly Dictionary<string, RowInitializer> ByName = new(StringComparer.Ordinal)
    {
        [Default] = Pieces,
        ["mean"] = Mean,
        ["random"] = Random,
    };

    /// <summary>The names.</summary>
    public static IReadOnlyCollection<string> Names => ByName.Keys;

    internal static RowInitializer Get(string name) => ByName.TryGetValue(name, out var initializer)
        ? initializer
        : throw CoppiceException.Usage($"unknown initializer of new tokens '{name}'{NearestName.Hint(name, ByName.Keys)} (known: {string.Join(", ", ByName.Keys)})");

    private static void Pieces(OldRows old, int id, IReadOnlyList<int> pieces, Span<float> row)
    {
        if (pieces.Count == 0)
        {
            Mean(old, id, pieces, row);
            return;
        }

        Span<double> sum = new double[row.Length];
        foreach (var piece in pieces)
        {
            old.Read(piece, row);
            for (var i = 0; i < row.Length; i++) sum[i] += row[i];
        }

        for (var i = 0; i < row.Length; i++) row[i] = (float)(sum[i] / pieces.Count);
    }

    private static void Mean(OldRows old, int id, IReadOnlyList<int> pieces, Span<float> row)
    {
        var random = old.RandomOf(id);
        for (var i = 0; i < row.Length; i++) row[i] = old.Mean[i] + Noise * old.StandardDeviation[i] * random.Normal((ulong)i);
    }

    private static void Random(OldRows old, int id, IReadOnlyList<int> pieces, Span<float> row)
    {
        var random = old.RandomOf(id);
        for (var i = 0; i < row.Length; i++) row[i] = old.InitializerRange * random.Normal((ulong)i);
    }
}

/// <summary>The rows of the old tokens in an embedding or a head.</summary>
internal sealed class OldRows
{
    private readonly Parameter _parameter;
    private readonly ulong _seed;
    private readonly ulong _stream;

    /// <summary>Takes the mean of the rows.</summary>
    /// <param name="parameter">[vocabulary, hidden].</param>
    /// <param name="count">The number of old tokens.</param>
    /// <param name="initializerRange">The standard deviation of the model's own initial values.</param>
    /// <param name="seed">Decides what is random.</param>
    /// <param name="matrix">The number of the matrix among those that grow.</param>
    public OldRows(Parameter parameter, int count, float initializerRange, ulong seed, int matrix)
    {
        (_parameter, _seed, _stream) = (parameter, seed, (ulong)matrix << 32);
        InitializerRange = initializerRange;
        var hidden = parameter.Shape.Columns;
        var (sums, squares, row) = (new double[hidden], new double[hidden], new float[hidden]);
        for (var id = 0; id < count; id++)
        {
            Read(id, row);
            for (var i = 0; i < hidden; i++)
            {
                sums[i] += row[i];
                squares[i] += (double)row[i] * row[i];
            }
        }

        Mean = [.. sums.Select(sum => (float)(sum / count))];
        StandardDeviation = [.. sums.Zip(squares, (sum, square) => (float)Math.Sqrt(Math.Max(0, square / count - sum / count * (sum / count))))];
    }

    /// <summary>[hidden].</summary>
    public float[] Mean { get; }

    /// <summary>[hidden].</summary>
    public float[] StandardDeviation { get; }

    /// <summary>The standard deviation of the model's own initial values.</summary>
    public float InitializerRange { get; }

    /// <summary>Reads the row of an old token.</summary>
    public void Read(int id, Span<float> row) => _parameter.Tensor.CopyTo((long)id * row.Length, row);

    /// <summary>The random numbers of a new token: they depend on the seed, the matrix and the token alone.</summary>
    public Philox RandomOf(int id) => new(_seed, _stream + (ulong)id);
}
