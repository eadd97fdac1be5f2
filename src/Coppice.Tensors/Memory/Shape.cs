namespace Coppice.Tensors;

/// <summary>The sizes of a tensor's dimensions, outermost first; at most four, row-major. A value type, so that a step allocates none.</summary>
public readonly struct Shape : IEquatable<Shape>
{
    private readonly int _d0;
    private readonly int _d1;
    private readonly int _d2;
    private readonly int _d3;

    /// <summary>A vector.</summary>
    /// <param name="d0">Its length.</param>
    public Shape(int d0) : this(1, d0, 1, 1, 1)
    {
    }

    /// <summary>A matrix.</summary>
    /// <param name="d0">Rows.</param>
    /// <param name="d1">Columns.</param>
    public Shape(int d0, int d1) : this(2, d0, d1, 1, 1)
    {
    }

    /// <summary>Three dimensions.</summary>
    /// <param name="d0">Outermost.</param>
    /// <param name="d1">Middle.</param>
    /// <param name="d2">Innermost.</param>
    public Shape(int d0, int d1, int d2) : this(3, d0, d1, d2, 1)
    {
    }

    /// <summary>Four dimensions.</summary>
    /// <param name="d0">Outermost.</param>
    /// <param name="d1">Second.</param>
    /// <param name="d2">Third.</param>
    /// <param name="d3">Innermost.</param>
    public Shape(int d0, int d1, int d2, int d3) : this(4, d0, d1, d2, d3)
    {
    }

    private Shape(int rank, int d0, int d1, int d2, int d3)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(d0);
        ArgumentOutOfRangeException.ThrowIfNegative(d1);
        ArgumentOutOfRangeException.ThrowIfNegative(d2);
        ArgumentOutOfRangeException.ThrowIfNegative(d3);
        Rank = rank;
        (_d0, _d1, _d2, _d3) = (d0, d1, d2, d3);
    }

    /// <summary>The number of dimensions.</summary>
    public int Rank { get; }

    /// <summary>The number of elements.</summary>
    public long Count => Rank == 0 ? 0 : checked((long)_d0 * _d1 * _d2 * _d3);

    /// <summary>The size of the innermost dimension.</summary>
    public int Columns => Rank == 0 ? 0 : this[Rank - 1];

    /// <summary>The number of rows: the product of all dimensions but the innermost.</summary>
    public int Rows => Columns == 0 ? 0 : checked((int)(Count / Columns));

    /// <summary>The size of a dimension.</summary>
    /// <param name="dimension">0 for the outermost.</param>
    public int this[int dimension] => (uint)dimension >= (uint)Rank
        ? throw new ArgumentOutOfRangeException(nameof(dimension), dimension, $"The shape {this} has {Rank} dimensions.")
        : dimension switch { 0 => _d0, 1 => _d1, 2 => _d2, _ => _d3 };

    /// <summary>The same dimensions with another innermost size.</summary>
    /// <param name="columns">The innermost size.</param>
    public Shape WithColumns(int columns) => Rank switch
    {
        1 => new Shape(columns),
        2 => new Shape(_d0, columns),
        3 => new Shape(_d0, _d1, columns),
        _ => new Shape(_d0, _d1, _d2, columns),
    };

    /// <summary>A shape from its dimensions.</summary>
    /// <param name="dimensions">One to four sizes, outermost first.</param>
    public static Shape Of(ReadOnlySpan<int> dimensions) => dimensions switch
    {
        [var a] => new Shape(a),
        [var a, var b] => new Shape(a, b),
        [var a, var b, var c] => new Shape(a, b, c),
        [var a, var b, var c, var d] => new Shape(a, b, c, d),
        _ => throw new ArgumentException($"A shape has one to four dimensions, not {dimensions.Length}.", nameof(dimensions)),
    };

    /// <inheritdoc/>
    public bool Equals(Shape other) => Rank == other.Rank && _d0 == other._d0 && _d1 == other._d1 && _d2 == other._d2 && _d3 == other._d3;

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode() => HashCode.Combine(Rank, _d0, _d1, _d2, _d3);

    /// <summary>Whether two shapes are the same.</summary>
    /// <param name="left">One shape.</param>
    /// <param name="right">The other.</param>
    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    /// <summary>Whether two shapes differ.</summary>
    /// <param name="left">One shape.</param>
    /// <param name="right">The other.</param>
    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);

    /// <inheritdoc/>
    public override string ToString() => Rank switch
    {
        0 => "[]",
        1 => $"[{_d0}]",
        2 => $"[{_d0}, {_d1}]",
        3 => $"[{_d0}, {_d1}, {_d2}]",
        _ => $"[{_d0}, {_d1}, {_d2}, {_d3}]",
    };
}
