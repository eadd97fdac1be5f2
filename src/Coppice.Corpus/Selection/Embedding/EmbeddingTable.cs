using Coppice.Foundation;
using System.Buffers;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace Coppice.Corpus.Selection;

/// <summary>
/// The embeddings of a corpus's new documents in a file, to be read in any order by any thread: of length 1 (or all 0), without their mean where the embedder says so. In memory are a few bytes a document.
/// </summary>
internal sealed class EmbeddingTable : IDisposable
{
    private readonly int _dimensions;
    private readonly float[] _mean;
    private readonly SafeFileHandle _file;

    private EmbeddingTable(int dimensions, List<long> indices, float[] mean, SafeFileHandle file) => (_dimensions, Indices, _mean, _file) = (dimensions, indices, mean, file);

    /// <summary>The documents' places in the corpus, by row.</summary>
    public IReadOnlyList<long> Indices { get; }

    /// <summary>Documents.</summary>
    public int Count => Indices.Count;

    /// <summary>Numbers of a row.</summary>
    public int Dimensions => _dimensions;

    /// <summary>Writes a sketch: a scale, and a byte for each number. The error, a 250th of the largest number at most, is far below that of the projection.</summary>
    public static void WriteSketch(ReadOnlySpan<float> embedding, IBufferWriter<byte> sketch)
    {
        var largest = 0f;
        foreach (var value in embedding) largest = MathF.Max(largest, MathF.Abs(value));
        var bytes = sketch.GetSpan(sizeof(float) + embedding.Length);
        var scale = largest / sbyte.MaxValue;
        MemoryMarshal.Write(bytes, scale);
        for (var i = 0; i < embedding.Length; i++) bytes[sizeof(float) + i] = (byte)(sbyte)(scale > 0 ? MathF.Round(embedding[i] / scale) : 0);
        sketch.Advance(sizeof(float) + embedding.Length);
    }

    /// <summary>Collects the sketches of a corpus.</summary>
    public static EmbeddingTable Build(ISketchedCorpus corpus, IDocumentEmbedder embedder, CancellationToken cancellation)
    {
        var dimensions = embedder.Dimensions;
        var path = Path.Combine(corpus.WorkFolder, "embeddings");
        var (indices, sums, row) = (new List<long>(), new double[dimensions], new float[dimensions]);
        using (var stream = new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.None, 1 << 20))
        {
            foreach (var document in corpus.NewDocuments(cancellation))
            {
                indices.Add(document.Index);
                stream.Write(document.Sketch.Span);
                Unpack(document.Sketch.Span, row);
                Normalise(row);
                for (var i = 0; i < row.Length; i++) sums[i] += row[i];
            }
        }

        float[] mean = [.. sums.Select(sum => embedder.TakesOffMean ? (float)(sum / Math.Max(1, indices.Count)) : 0)];
        return new EmbeddingTable(dimensions, indices, mean, File.OpenHandle(path, options: FileOptions.RandomAccess));
    }

    /// <summary>Reads a row.</summary>
    public void Read(int row, Span<float> destination)
    {
        var length = sizeof(float) + _dimensions;
        Span<byte> bytes = stackalloc byte[length];
        if (!PositionedRead.Fill(_file, bytes, (long)row * length)) throw new EndOfStreamException();
        Unpack(bytes, destination);
        Normalise(destination);
        for (var i = 0; i < destination.Length; i++) destination[i] -= _mean[i];
        Normalise(destination);
    }

    /// <summary>Reads rows side by side: [rows, dimensions].</summary>
    public float[] Read(IReadOnlyList<int> rows)
    {
        var block = new float[rows.Count * _dimensions];
        for (var i = 0; i < rows.Count; i++) Read(rows[i], block.AsSpan(i * _dimensions, _dimensions));
        return block;
    }

    public void Dispose() => _file.Dispose();

    private static void Unpack(ReadOnlySpan<byte> sketch, Span<float> row)
    {
        var scale = MemoryMarshal.Read<float>(sketch);
        for (var i = 0; i < row.Length; i++) row[i] = (sbyte)sketch[sizeof(float) + i] * scale;
    }

    private static void Normalise(Span<float> row)
    {
        var length = MathF.Sqrt(Vectors.Dot(row, row));
        if (!(length > 1e-6f)) row.Clear();
        else
        {
            for (var i = 0; i < row.Length; i++) row[i] /= length;
        }
    }
}
