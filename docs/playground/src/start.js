// Begins with what takes longest: the worker of the compiler. The page follows.
import {start} from "./launch.js";

globalThis.launched = start();
