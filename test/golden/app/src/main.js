import { createElement } from 'react';
import { createRoot } from 'react-dom/client';
import { App } from './app.js';
import './styles.css';

const place = document.createElement('main');
document.body.append(place);
createRoot(place).render(createElement(App));
