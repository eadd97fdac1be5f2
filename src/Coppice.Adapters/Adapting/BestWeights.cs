using Coppice.Foundation;
using Coppice.Tensors;
using Coppice.Tensors.Storage;

namespace Coppice.Adapters;

/// <summary>The weights of the best measurement so far, beside those that training goes on with.</summary>
/// <param name="sets">What is trained.</param>
internal sealed class BestWeights(IReadOnlyList<ParameterSet> sets) : IDisposable
{
    /// <summary>The file in a checkpoint.</summary>
    public const string FileName = "best.safetensors";

    private FlatBuffer[] _best = [];

    /// <summary>Copies the weights of now.</summary>
    public void Take()
    {
        if (_best.Length == 0) _best = [.. sets.Select(set => new FlatBuffer(set.Backend, set.Values.Count))];
        for (var i = 0; i < _best.Length; i++) _best[i].CopyFrom(sets[i].Values);
    }

    /// <summary>Puts the best weights in place.</summary>
    public void PutBack()
    {
        for (var i = 0; i < _best.Length; i++) sets[i].Values.CopyFrom(_best[i]);
    }

    /// <summary>Writes them into a checkpoint, where there are any.</summary>
    public void Save(string checkpoint)
    {
        if (_best.Length == 0) return;
        var tensors = _best.Select((buffer, i) => TensorToWrite.Floats(NameOf(i), [buffer.Count], (start, destination) => buffer.CopyTo(start, destination)));
        SafetensorsWriter.Write(Path.Combine(checkpoint, FileName), [.. tensors]);
    }

    /// <summary>Reads what <see cref="Save"/> wrote.</summary>
    /// <exception cref="CoppiceException">The file is missing or another run's.</exception>
    public void Restore(string checkpoint)
    {
        using var file = SafetensorsFile.Open(Path.Combine(checkpoint, FileName));
        for (var i = 0; i < sets.Count; i++)
        {
            if (file.Find(NameOf(i)).Count != sets[i].Values.Count) throw new CoppiceException($"{file.Path}: '{NameOf(i)}' has {file.Find(NameOf(i)).Count} values, {sets[i].Values.Count} are trained: it is another run's");
        }

        Take();
        var part = new float[1 << 16];
        for (var i = 0; i < _best.Length; i++)
        {
            for (var start = 0L; start < _best[i].Count; start += part.Length)
            {
                var span = part.AsSpan(0, (int)Math.Min(part.Length, _best[i].Count - start));
                file.ReadFloats(NameOf(i), start, span);
                _best[i].CopyFrom(span, start);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (var buffer in _best) buffer.Dispose();
    }

    private static string NameOf(int set) => FormattableString.Invariant($"set.{set}");
}
