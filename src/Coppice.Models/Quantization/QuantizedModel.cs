using System.Buffers.Binary;
using System.Globalization;
using Coppice.Foundation;
using Coppice.Models.Gguf;
using Coppice.Tensors;

namespace Coppice.Models;

/// <summary>
/// Makes models whose matrices are quantised in groups of weights with a scale each, and their activations as they come. Some rows of a matrix at a time are in memory as
/// float32.
/// </summary>
[Technique("group-quantisation", Title = "ZeroQuant: Efficient and Affordable Post-Training Quantization for Large-Scale Transformers", Paper = "arXiv:2206.01861")]
public static class QuantizedModel
{
    // Arrays of whole matrices, where a reader makes any, that are done with and still in memory, at most.
    private const long UncollectedBytes = 64 << 20;

    // Half precision has to hold the minimum of a block.
    private const float LargestValue = 65504;

    /// <summary>Reads a matrix in blocks where it is stored so.</summary>
    /// <param name="parameter">The parameter.</param>
    /// <param name="format">The blocks.</param>
    /// <returns>[outputs] rows of whole blocks, or null where it is stored otherwise.</returns>
    internal delegate byte[]? ReadBlocks(ParameterPlan parameter, BlockFormat format);

    /// <summary>A quantised copy of a model.</summary>
    /// <param name="model">The model; the copy doesn't need it.</param>
    /// <param name="quantization">In what matrices are held.</param>
    /// <exception cref="CoppiceException">A value is not finite, or too large.</exception>
    public static LanguageModel Of(LanguageModel model, Quantization quantization) =>
        Build(model.Configuration, model.Backend, quantization, (parameter, start, values) => model.Parameters[parameter.Name].Tensor.CopyTo(start, values));

    /// <summary>A quantised model without values: what it takes is known before there is any.</summary>
    /// <param name="configuration">The model's configuration.</param>
    /// <param name="backend">Whose memory it is.</param>
    /// <param name="quantization">In what matrices are held.</param>
    public static LanguageModel Empty(ModelConfiguration configuration, Backend backend, Quantization quantization)
    {
        var matrices = new QuantizedParameters(quantization);
        foreach (var parameter in configuration.Plan().Where(configuration.IsQuantizable)) matrices.Add(parameter.Name, Allocate(configuration, backend, quantization, parameter));
        return configuration.Create(backend, matrices);
    }

    /// <summary>The memory that is taken while a model is quantised, beside the model's own.</summary>
    /// <param name="configuration">The model's configuration.</param>
    // Blocks take no more than a byte and a sixteenth for a value.
    public static long WorkingBytes(ModelConfiguration configuration) => MatrixRows.BytesFor(configuration) * 5 / 4;

    /// <summary>Makes a quantised model.</summary>
    /// <param name="configuration">The model's configuration.</param>
    /// <param name="backend">Computes.</param>
    /// <param name="quantization">In what matrices are held.</param>
    /// <param name="readValues">Reads a parameter.</param>
    /// <param name="readBlocks">Reads a matrix that is stored in blocks already; null where none is.</param>
    /// <exception cref="CoppiceException">A value is not finite, or too large.</exception>
    internal static LanguageModel Build(ModelConfiguration configuration, Backend backend, Quantization quantization, ReadValues readValues, ReadBlocks? readBlocks = null)
    {
        var matrices = new QuantizedParameters(quantization);
        LanguageModel? model = null;
        try
        {
            var plan = configuration.Plan();
            var rows = new MatrixRows(configuration, readValues);
            var collected = GC.GetAllocatedBytesForCurrentThread();
            foreach (var parameter in plan.Where(configuration.IsQuantizable))
            {
                matrices.Add(parameter.Name, Quantize(configuration, backend, quantization, parameter, rows, readBlocks));
                if (GC.GetAllocatedBytesForCurrentThread() - collected < UncollectedBytes) continue;
                // Large arrays are collected seldom: without this, more than the whole model in float32 would be resident for a while.
                GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive, blocking: true, compacting: true);
                collected = GC.GetAllocatedBytesForCurrentThread();
            }

            model = configuration.Create(backend, matrices);
            foreach (var parameter in plan.Where(parameter => !matrices.Contains(parameter.Name))) Copy(parameter, model.Parameters[parameter.Name].Tensor, readValues);
            return model;
        }
        catch
        {
            if (model is null) matrices.Dispose();
            else model.Dispose();
            throw;
        }
    }

    private static void Copy(ParameterPlan parameter, Tensor destination, ReadValues readValues)
    {
        var part = new float[Math.Min(destination.Count, 1 << 16)];
        for (var start = 0L; start < destination.Count; start += part.Length)
        {
            var values = part.AsSpan(0, (int)Math.Min(part.Length, destination.Count - start));
            readValues(parameter, start, values);
            destination.CopyFrom(start, values);
        }
    }

    private static QuantizedMatrix Quantize(
        ModelConfiguration configuration, Backend backend, Quantization quantization, ParameterPlan parameter, MatrixRows rows, ReadBlocks? readBlocks)
    {
        var matrix = Allocate(configuration, backend, quantization, parameter);
        var format = BlockFormat.Find(matrix.Type == QuantizedType.Int8 ? "Q8_0" : "Q4_1");
        if (readBlocks?.Invoke(parameter, format) is { } blocks)
        {
            CheckScales(parameter.Name, blocks, format, matrix.NumbersOfABlock);
            matrix.Write(0, blocks);
            return matrix;
        }

        var encoded = new byte[Math.Min(MatrixRows.AtATime, matrix.Rows) * matrix.RowBytes];
        rows.Read(parameter, (first, count) =>
        {
            CheckValues(parameter.Name, rows.Values.AsSpan(0, count * matrix.Columns));
            Encode(rows.Values, count, matrix, format, encoded);
            matrix.Write(first, encoded.AsSpan(0, count * matrix.RowBytes));
        });
        return matrix;
    }

    private static QuantizedMatrix Allocate(ModelConfiguration configuration, Backend backend, Quantization quantization, ParameterPlan parameter)
    {
        var (embedding, head) = configuration.Tables;
        var type = quantization == Quantization.Int8 || parameter.Name == embedding || parameter.Name == head ? QuantizedType.Int8 : QuantizedType.Int4;
        var (outputs, inputs) = MatrixRows.SizesOf(configuration, parameter);
        return new QuantizedMatrix(backend, type, outputs, inputs);
    }

    private static void Encode(float[] values, int rows, QuantizedMatrix matrix, BlockFormat format, byte[] blocks)
    {
        var (columns, rowBytes) = (matrix.Columns, matrix.RowBytes);
        var padded = rowBytes / format.BlockBytes * format.BlockValues;
        Parallel.For(0, rows, row =>
        {
            var source = values.AsSpan(row * columns, columns);
            if (padded != columns) source = Padded(source, padded);
            format.Encode(source, blocks.AsSpan(row * rowBytes, rowBytes));
        });
    }

    /// <summary>
    /// A row as whole blocks. What stands behind its end is multiplied with zeros: the last block's own values again, so that they decide over scale and minimum
    /// alone.
    /// </summary>
    private static float[] Padded(ReadOnlySpan<float> row, int length)
    {
        var padded = new float[length];
        row.CopyTo(padded);
        var last = row[(length - QuantizedMatrix.ColumnsOfABlock)..];
        for (var i = row.Length; i < length; i++) padded[i] = last[(i - row.Length) % last.Length];
        return padded;
    }

    private static void CheckValues(string name, ReadOnlySpan<float> values)
    {
        foreach (var value in values)
        {
            if (!float.IsFinite(value)) throw new CoppiceException($"'{name}' holds {value.ToString(CultureInfo.InvariantCulture)}: the model is broken");
            if (Math.Abs(value) > LargestValue) throw new CoppiceException($"'{name}' holds {value.ToString(CultureInfo.InvariantCulture)}, which is too large to be quantised: run the model as it is");
        }
    }

    private static void CheckScales(string name, byte[] blocks, BlockFormat format, int numbers)
    {
        for (var at = 0; at < blocks.Length; at += format.BlockBytes)
        {
            for (var i = 0; i < numbers; i++)
            {
                if (!Half.IsFinite(BinaryPrimitives.ReadHalfLittleEndian(blocks.AsSpan(at + 2 * i)))) throw new CoppiceException($"'{name}' has a block whose scale is not a finite number: the model is broken");
            }
        }
    }
}
