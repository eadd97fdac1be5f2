using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>Reads some of a parameter's values.</summary>
/// <param name="parameter">The parameter.</param>
/// <param name="start">The first value, counted in row-major order.</param>
/// <param name="destination">Receives the values; its length says how many.</param>
internal delegate void ReadValues(ParameterPlan parameter, long start, Span<float> destination);

/// <summary>
/// The matrices of a model as rows of inputs, some rows at a time, in memory that all of them share: a table of hundreds of megabytes takes no more than any other matrix.
/// One that is stored as [inputs, outputs] is held whole, because a row of it lies all over the file.
/// </summary>
internal sealed class MatrixRows
{
    /// <summary>The most rows at a time.</summary>
    public const int AtATime = 256;

    private readonly ModelConfiguration _configuration;
    private readonly ReadValues _read;
    private readonly float[] _whole;

    /// <summary>Takes the memory.</summary>
    /// <param name="configuration">The model.</param>
    /// <param name="read">Reads it.</param>
    public MatrixRows(ModelConfiguration configuration, ReadValues read)
    {
        (_configuration, _read) = (configuration, read);
        var (rows, whole) = Sizes(configuration);
        (Values, _whole) = (new float[rows], new float[whole]);
    }

    /// <summary>The rows that were read last, one after the other, from the beginning.</summary>
    public float[] Values { get; }

    /// <summary>The memory that it takes for a model.</summary>
    /// <param name="configuration">The model.</param>
    public static long BytesFor(ModelConfiguration configuration)
    {
        var (rows, whole) = Sizes(configuration);
        return (rows + whole) * sizeof(float);
    }

    /// <summary>Whether a matrix is stored as [inputs, outputs].</summary>
    /// <param name="configuration">The model.</param>
    /// <param name="matrix">The matrix.</param>
    public static bool IsTransposed(ModelConfiguration configuration, ParameterPlan matrix) => configuration.LayoutOf(matrix.Name) == WeightLayout.InputsByOutputs;

    /// <summary>Outputs and inputs of a matrix.</summary>
    /// <param name="configuration">The model.</param>
    /// <param name="matrix">The matrix.</param>
    public static (int Outputs, int Inputs) SizesOf(ModelConfiguration configuration, ParameterPlan matrix) =>
        IsTransposed(configuration, matrix) ? (matrix.Shape[1], matrix.Shape[0]) : (matrix.Shape[0], matrix.Shape[1]);

    /// <summary>Reads all rows of a matrix.</summary>
    /// <param name="matrix">The matrix.</param>
    /// <param name="take">Told of the first row of those that now stand in <see cref="Values"/>, and of their number.</param>
    public void Read(ParameterPlan matrix, Action<int, int> take)
    {
        var (outputs, inputs) = SizesOf(_configuration, matrix);
        var isTransposed = IsTransposed(_configuration, matrix);
        if (isTransposed) _read(matrix, 0, _whole.AsSpan(0, (int)matrix.Shape.Count));
        for (var first = 0; first < outputs; first += AtATime)
        {
            var count = Math.Min(AtATime, outputs - first);
            if (isTransposed) Gather(first, count, outputs, inputs);
            else _read(matrix, (long)first * inputs, Values.AsSpan(0, count * inputs));
            take(first, count);
        }
    }

    private static (long Rows, long Whole) Sizes(ModelConfiguration configuration)
    {
        var (rows, whole) = (0L, 0L);
        foreach (var matrix in configuration.Plan().Where(configuration.IsQuantizable))
        {
            var (outputs, inputs) = SizesOf(configuration, matrix);
            rows = Math.Max(rows, (long)Math.Min(AtATime, outputs) * inputs);
            if (IsTransposed(configuration, matrix)) whole = Math.Max(whole, matrix.Shape.Count);
        }

        return (rows, whole);
    }

    private void Gather(int first, int count, int outputs, int inputs)
    {
        for (var input = 0; input < inputs; input++)
        {
            var source = _whole.AsSpan(input * outputs + first, count);
            for (var row = 0; row < count; row++) Values[row * inputs + input] = source[row];
        }
    }
}
