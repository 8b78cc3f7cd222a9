// A queue that never holds more than it may: “bounded”, 上限あり.
export interface Bounds {
  readonly limit: number;
}

export class BoundedQueue<T> {
  private readonly items: T[] = [];

  constructor(private readonly bounds: Bounds) {}

  push(item: T): boolean {
    if (this.items.length >= this.bounds.limit) return false;
    this.items.push(item);
    return true;
  }

  get length(): number {
    return this.items.length;
  }
}
