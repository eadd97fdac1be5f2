namespace Coppice.Models.Gguf;

/// <summary>How the matrices of an exported model are stored.</summary>
public enum GgufExportType
{
    /// <summary>float32: exact.</summary>
    F32,

    /// <summary>Half precision.</summary>
    F16,

    /// <summary>8.5 bits a value.</summary>
    Q80,

    /// <summary>4.5 bits a value; embeddings and head 8.5.</summary>
    Q40,

    /// <summary>5 bits a value, with a smallest value for each block of 32; embeddings and head 8.5.</summary>
    Q41,

    /// <summary>4.5 bits a value in blocks of 256 with finer scales; embeddings and head 8.5.</summary>
    Q4K,
}

/// <summary>Tensors whose rows don't divide into the blocks of the type that was asked for.</summary>
/// <param name="Tensor">Their name, the number of the block replaced by <c>*</c>.</param>
/// <param name="Count">How many there are.</param>
/// <param name="Columns">Values in a row.</param>
/// <param name="Type">The type that they got instead.</param>
public sealed record GgufFallback(string Tensor, int Count, long Columns, string Type);

/// <summary>The tensors of one storage type.</summary>
/// <param name="Type">The type.</param>
/// <param name="Tensors">How many tensors.</param>
/// <param name="Values">How many values.</param>
/// <param name="Bytes">The bytes that they take.</param>
/// <param name="RelativeError">Root of the mean squared error over the root of the mean square of the values.</param>
public sealed record GgufTypeSummary(string Type, int Tensors, long Values, long Bytes, double RelativeError);

/// <summary>What was exported.</summary>
/// <param name="Output">The file.</param>
/// <param name="Architecture">GGUF's name of the architecture.</param>
/// <param name="Bytes">The file's length.</param>
/// <param name="Parameters">The values of the model.</param>
/// <param name="Types">The storage types and how near they come to the values.</param>
/// <param name="Fallbacks">Tensors that could not be stored as asked.</param>
/// <param name="Notes">What llama.cpp does otherwise.</param>
public sealed record GgufExportResult(
    string Output,
    string Architecture,
    long Bytes,
    long Parameters,
    IReadOnlyList<GgufTypeSummary> Types,
    IReadOnlyList<GgufFallback> Fallbacks,
    IReadOnlyList<string> Notes);
