using System.Text;

namespace Coppice.Inference;

/// <summary>
/// Ends a text where the first stop string is complete (of several that are complete at once, the longest counts), and holds back what may become
/// one. What comes out doesn't depend on how the text was cut into pieces.
/// </summary>
/// <param name="stops">The stop strings, none of them empty.</param>
internal sealed class StopStringFilter(IReadOnlyList<string> stops)
{
    private readonly StringBuilder _held = new();

    /// <summary>Whether a stop string was found. What comes after it is ignored.</summary>
    public bool Stopped { get; private set; }

    /// <summary>Adds text and returns what is now certain to belong to the text.</summary>
    /// <param name="text">The text.</param>
    public string Add(string text)
    {
        if (stops.Count == 0) return text;
        foreach (var character in text)
        {
            if (Stopped) return "";
            _held.Append(character);
            if (LongestEnding(complete: true) is var length and > 0)
            {
                _held.Length -= length;
                Stopped = true;
                return Take(_held.Length);
            }
        }

        return Take(_held.Length - LongestEnding(complete: false));
    }

    /// <summary>Returns what was held back: nothing comes after it.</summary>
    public string Finish() => Take(_held.Length);

    private string Take(int length)
    {
        var text = _held.ToString(0, length);
        _held.Remove(0, length);
        return text;
    }

    /// <summary>The length of the longest ending of the held text that is a stop string, or the beginning of one.</summary>
    private int LongestEnding(bool complete)
    {
        var longest = 0;
        foreach (var stop in stops)
        {
            var most = Math.Min(_held.Length, complete ? stop.Length : stop.Length - 1);
            var least = Math.Max(longest + 1, complete ? stop.Length : 1);
            for (var length = most; length >= least; length--)
            {
                if (!EndsWith(stop.AsSpan(0, length))) continue;
                longest = length;
                break;
            }
        }

        return longest;
    }

    private bool EndsWith(ReadOnlySpan<char> ending)
    {
        var start = _held.Length - ending.Length;
        for (var i = 0; i < ending.Length; i++)
        {
            if (_held[start + i] != ending[i]) return false;
        }

        return true;
    }
}
