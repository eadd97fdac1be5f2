using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Coppice.Foundation;

namespace Coppice.Corpus.Deduplication;

/// <summary>Sorts more records than fit into memory: sorted runs go to files, which are merged while they are read.</summary>
/// <typeparam name="T">The record; its bytes go to the files as they are.</typeparam>
internal sealed class ExternalSorter<T> : IDisposable
    where T : unmanaged, IComparable<T>
{
    private readonly string _prefix;
    private readonly int _capacity;
    private readonly List<FileStream> _runs = [];
    private T[] _records = [];
    private int _count;

    /// <summary>Makes an empty sorter.</summary>
    /// <param name="folder">Where files go once memory is full.</param>
    /// <param name="memory">Bytes of memory to stay within; at least a few thousand records are held whatever it says.</param>
    public ExternalSorter(string folder, long memory)
    {
        _prefix = Path.Combine(folder, "sort-" + Guid.NewGuid().ToString("n"));
        _capacity = (int)Math.Clamp(memory / Unsafe.SizeOf<T>(), 4096, Array.MaxLength);
    }

    /// <summary>How many files were needed: 0 where everything fitted into memory.</summary>
    public int Runs => _runs.Count;

    /// <summary>Adds a record.</summary>
    /// <param name="record">The record.</param>
    /// <exception cref="CoppiceException">The disk is full, or can't be written.</exception>
    public void Add(in T record)
    {
        if (_count == _records.Length)
        {
            if (_count == _capacity) Spill();
            else Grow();
        }

        _records[_count++] = record;
    }

    /// <summary>Adds records.</summary>
    /// <param name="records">The records.</param>
    /// <exception cref="CoppiceException">The disk is full, or can't be written.</exception>
    public void Add(ReadOnlySpan<T> records)
    {
        foreach (ref readonly var record in records) Add(record);
    }

    /// <summary>
    /// The records that share a key with another one in ascending order, among some or, where files were needed, all of the others. To be called once, after the last one was added.
    /// </summary>
    /// <param name="keyOf">A record's key: a good hash.</param>
    public IEnumerable<T> SortedShared(Func<T, ulong> keyOf)
    {
        if (_runs.Count == 0) LeaveShared(keyOf);
        return Sorted();
    }

    /// <summary>All records in ascending order. To be called once, after the last one was added.</summary>
    public IEnumerable<T> Sorted()
    {
        if (_runs.Count == 0)
        {
            // Two halves at once, merged as they are read.
            var half = _count / 2;
            Parallel.Invoke(() => _records.AsSpan(0, half).Sort(), () => _records.AsSpan(half, _count - half).Sort());
            for (var (first, second) = (0, half); first < half || second < _count;)
            {
                var takesFirst = second == _count || (first < half && _records[first].CompareTo(_records[second]) <= 0);
                yield return _records[takesFirst ? first++ : second++];
            }

            yield break;
        }

        if (_count > 0) Spill();
        _records = [];
        var buffer = Math.Clamp(_capacity / _runs.Count, 64, 1 << 16);
        var queue = new PriorityQueue<Run, T>();
        foreach (var run in _runs.Select(file => new Run(file, buffer)))
        {
            if (run.Next(out var first)) queue.Enqueue(run, first);
        }

        while (queue.TryPeek(out var run, out var record))
        {
            yield return record;
            if (run.Next(out var next)) queue.DequeueEnqueue(run, next);
            else queue.Dequeue();
        }
    }

    /// <summary>Deletes the files.</summary>
    public void Dispose()
    {
        foreach (var run in _runs) run.Dispose();
    }

    // Most keys are those of one record, and to find out which costs a small part of sorting them. The two halves of the keys, and then of the records, are gone through at once.
    private void LeaveShared(Func<T, ulong> keyOf)
    {
        RepeatedKeys[] repeated = [new(_count / 2), new(_count / 2)];
        Parallel.For(0, 2, half =>
        {
            foreach (ref readonly var record in _records.AsSpan(0, _count))
            {
                var key = keyOf(record);
                if ((int)(key & 1) == half) repeated[half].Add(key);
            }
        });
        int[] starts = [0, _count / 2, _count], kept = [0, 0];
        Parallel.For(0, 2, half =>
        {
            var end = starts[half];
            for (var i = starts[half]; i < starts[half + 1]; i++)
            {
                var key = keyOf(_records[i]);
                if (repeated[key & 1].IsRepeated(key)) _records[end++] = _records[i];
            }

            kept[half] = end - starts[half];
        });
        _records.AsSpan(starts[1], kept[1]).CopyTo(_records.AsSpan(kept[0]));
        _count = kept[0] + kept[1];
    }

    // In few and large steps: what was outgrown stays in memory until it is collected.
    private void Grow()
    {
        var records = GC.AllocateUninitializedArray<T>((int)Math.Min(_capacity, Math.Max(4096L, _records.Length * 8L)));
        _records.CopyTo(records, 0);
        _records = records;
    }

    private void Spill()
    {
        var records = _records.AsSpan(0, _count);
        records.Sort();
        var path = $"{_prefix}-{_runs.Count}";
        try
        {
            var file = new FileStream(path, FileMode.CreateNew, FileAccess.ReadWrite, FileShare.None, 0, FileOptions.DeleteOnClose);
            _runs.Add(file);
            file.Write(MemoryMarshal.AsBytes(records));
            file.Position = 0;
        }
        catch (IOException error)
        {
            throw new CoppiceException($"{path}: sorting needs space there: {error.Message}", inner: error);
        }

        _count = 0;
    }

    private sealed class Run(FileStream file, int buffer)
    {
        private readonly T[] _buffer = new T[buffer];
        private int _position;
        private int _count;

        public bool Next(out T record)
        {
            if (_position == _count)
            {
                _count = file.ReadAtLeast(MemoryMarshal.AsBytes(_buffer.AsSpan()), _buffer.Length * Unsafe.SizeOf<T>(), throwOnEndOfStream: false) / Unsafe.SizeOf<T>();
                _position = 0;
            }

            record = _position < _count ? _buffer[_position] : default;
            return _position++ < _count;
        }
    }
}
