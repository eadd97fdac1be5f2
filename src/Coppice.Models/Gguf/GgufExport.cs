using System.Globalization;
using Coppice.Foundation;

namespace Coppice.Models.Gguf;

/// <summary>
/// Writes a model as one GGUF file with configuration and tokenizer, as llama.cpp loads it. Norms, biases and learned positions stay float32; where matrices
/// take less than eight bits, embeddings and head take eight.
/// </summary>
public static class GgufExport
{
    private const int QuantizationVersion = 2;
    private const float LargestHalf = 65504;

    // Multiples of every block.
    private const int ValuesOfATask = 1 << 14, ValuesOfASlice = 1 << 22;

    /// <summary>Exports a model.</summary>
    /// <param name="model">The model.</param>
    /// <param name="tokenizer">The text of its <c>tokenizer.json</c>, or null where it has none.</param>
    /// <param name="name">The model's name, for whoever opens the file.</param>
    /// <param name="path">The file to create or replace.</param>
    /// <param name="type">How matrices are stored.</param>
    /// <param name="chatTemplate">The model's chat template in Jinja, or null where it has none.</param>
    /// <exception cref="CoppiceException">The model is quantised, llama.cpp has no such model or tokenizer, a value can't be stored, or the file can't be written.</exception>
    public static GgufExportResult Write(LanguageModel model, string? tokenizer, string name, string path, GgufExportType type, string? chatTemplate = null)
    {
        model.RequireExactWeights("exported");
        var configuration = model.Configuration;
        var notes = new List<string>();
        var file = new GgufWriter();
        GgufArchitecture.Write(file, configuration, notes);
        file.Add("general.name", name);
        file.Add("general.file_type", FileType(type));
        if (type > GgufExportType.F16) file.Add("general.quantization_version", QuantizationVersion);
        if (tokenizer is not null)
        {
            GgufTokenizerExport.Write(file, tokenizer, configuration, notes);
        }
        else
        {
            file.Add(GgufTokenizer.ModelKey, GgufTokenizer.NoModel);
            notes.Add("the model has no tokenizer: llama.cpp will take and give token numbers");
        }

        if (chatTemplate is not null) file.Add(GgufTokenizer.ChatTemplateKey, chatTemplate);

        var places = GgufLayout.Places(configuration);
        var formats = places.ToDictionary(place => place.Tensor, place => FormatOf(place, type), StringComparer.Ordinal);
        var errors = new Dictionary<string, SquaredError>(StringComparer.Ordinal);
        file.Write(path, [.. GgufRotary.Tensors(configuration), .. places.Select(place => new GgufTensorToWrite(place.Tensor, formats[place.Tensor], place.Shape, stream =>
            errors[place.Tensor] = Write(stream, place.Tensor, place.ToFile(Values(model, place)), formats[place.Tensor])))]);
        return new GgufExportResult(
            path,
            GgufArchitecture.NameOf(configuration),
            new FileInfo(path).Length,
            model.Parameters.Count,
            [.. places.GroupBy(place => formats[place.Tensor]).OrderBy(group => group.Key.Code).Select(group => Summary(group.Key, [.. group], errors))],
            Fallbacks(places, formats, type),
            notes);
    }

    private static float[] Values(LanguageModel model, GgufPlace place) =>
        model.Parameters.TryGet(place.Parameter.Name, out var parameter) ? parameter.Tensor.ToArray() : new float[place.Parameter.Shape.Count];

    private static BlockFormat FormatOf(GgufPlace place, GgufExportType type)
    {
        var wanted = Wanted(place, type);
        if (wanted.Fits(place.Shape[^1])) return wanted;
        // As llama.cpp's own quantizer: five bits in blocks of 32 in place of four in blocks of 256, half precision where nothing divides.
        var smaller = BlockFormat.Find("Q5_0");
        return wanted.BlockValues > smaller.BlockValues && smaller.Fits(place.Shape[^1]) ? smaller : BlockFormat.Find("F16");
    }

    private static BlockFormat Wanted(GgufPlace place, GgufExportType type)
    {
        if (place.Shape.Count == 1 || place.Tensor == "position_embd.weight") return BlockFormat.Find("F32");
        var isEmbedding = place.Tensor is "token_embd.weight" or "output.weight";
        return BlockFormat.Find(isEmbedding && type > GgufExportType.Q80 ? "Q8_0" : NameOf(type));
    }

    private static string NameOf(GgufExportType type) => type switch
    {
        GgufExportType.Q80 => "Q8_0",
        GgufExportType.Q40 => "Q4_0",
        GgufExportType.Q41 => "Q4_1",
        GgufExportType.Q4K => "Q4_K",
        _ => type.ToString(),
    };

    // llama.cpp's numbers of "mostly" a type; 14 is Q4_K, small.
    private static int FileType(GgufExportType type) => type switch
    {
        GgufExportType.F16 => 1,
        GgufExportType.Q40 => 2,
        GgufExportType.Q41 => 3,
        GgufExportType.Q80 => 7,
        GgufExportType.Q4K => 14,
        _ => 0,
    };

    private static SquaredError Write(Stream stream, string tensor, float[] values, BlockFormat format)
    {
        foreach (var value in values)
        {
            if (!float.IsFinite(value)) throw new CoppiceException($"'{tensor}' holds {value.ToString(CultureInfo.InvariantCulture)}: the model is broken");
            if (Math.Abs(value) > LargestHalf && format.Name != "F32")
                throw new CoppiceException($"'{tensor}' holds {value.ToString(CultureInfo.InvariantCulture)}, which {format.Name} can't hold: export it as f32");
        }

        var bytes = new byte[format.Bytes(Math.Min(values.Length, ValuesOfASlice))];
        var error = default(SquaredError);
        for (var start = 0L; start < values.Length; start += ValuesOfASlice)
        {
            var slice = values.AsMemory((int)start, (int)Math.Min(ValuesOfASlice, values.Length - start));
            error += Encode(slice, format, bytes);
            stream.Write(bytes, 0, (int)format.Bytes(slice.Length));
        }

        return error;
    }

    private static SquaredError Encode(ReadOnlyMemory<float> values, BlockFormat format, byte[] bytes)
    {
        var tasks = new SquaredError[(values.Length + ValuesOfATask - 1) / ValuesOfATask];
        Parallel.For(0, tasks.Length, task =>
        {
            var part = values.Span.Slice(task * ValuesOfATask, Math.Min(ValuesOfATask, values.Length - task * ValuesOfATask));
            var blocks = bytes.AsSpan((int)format.Bytes(task * ValuesOfATask), (int)format.Bytes(part.Length));
            format.Encode(part, blocks);
            var stored = new float[part.Length];
            format.Decode(blocks, stored);
            tasks[task] = SquaredError.Of(part, stored);
        });
        return tasks.Aggregate(default(SquaredError), (sum, part) => sum + part);
    }

    private static GgufTypeSummary Summary(BlockFormat format, List<GgufPlace> places, Dictionary<string, SquaredError> errors) => new(
        format.Name,
        places.Count,
        places.Sum(place => place.Parameter.Shape.Count),
        places.Sum(place => format.Bytes(place.Parameter.Shape.Count)),
        places.Aggregate(default(SquaredError), (sum, place) => sum + errors[place.Tensor]).Relative);

    private static List<GgufFallback> Fallbacks(IReadOnlyList<GgufPlace> places, Dictionary<string, BlockFormat> formats, GgufExportType type) =>
    [
        .. places.Where(place => formats[place.Tensor] != Wanted(place, type))
            .GroupBy(place => (Tensor: WithoutNumber(place.Tensor), Columns: place.Shape[^1], formats[place.Tensor].Name))
            .Select(group => new GgufFallback(group.Key.Tensor, group.Count(), group.Key.Columns, group.Key.Name)),
    ];

    private static string WithoutNumber(string tensor) => tensor.StartsWith("blk.", StringComparison.Ordinal) ? $"blk.*.{tensor.Split('.', 3)[2]}" : tensor;

    private readonly record struct SquaredError(double Errors, double Squares)
    {
        public double Relative => Squares == 0 ? 0 : Math.Sqrt(Errors / Squares);

        public static SquaredError operator +(SquaredError a, SquaredError b) => new(a.Errors + b.Errors, a.Squares + b.Squares);

        public static SquaredError Of(ReadOnlySpan<float> values, ReadOnlySpan<float> stored)
        {
            double errors = 0, squares = 0;
            for (var i = 0; i < values.Length; i++)
            {
                var difference = (double)stored[i] - values[i];
                errors += difference * difference;
                squares += (double)values[i] * values[i];
            }

            return new SquaredError(errors, squares);
        }
    }
}
